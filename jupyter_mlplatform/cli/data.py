"""``mlplat data``: find data, ask for it, decide, and use it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import click

from jupyter_mlplatform.access import locations, rowfilter, samples
from jupyter_mlplatform.access.messages import (
    Comment,
    DatasetPage,
    NewRequest,
    Registration,
    Revocation,
    Search,
    SearchPage,
)
from jupyter_mlplatform.access.models import Grant, GrantState, Purview, Request, RequestState
from jupyter_mlplatform.cli import (
    data_apply,
    data_fulfil,
    data_load,
    data_oversight,
    data_review,
    data_sql,
    data_status,
)
from jupyter_mlplatform.cli.answer import Answer, Block, Code, Fields, Line, Table, Tone
from jupyter_mlplatform.cli.data_names import columns_of, columns_option, completing, dataset_argument, until
from jupyter_mlplatform.cli.data_review import requests_named
from jupyter_mlplatform.cli.given import columns_named, under
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import NotFound
from jupyter_mlplatform.policy import CLASSIFICATIONS


@click.group("data")
def group() -> None:
    """Find data, ask for it, decide, and use it."""


def _purposes(session: Session, _: str) -> Any:
    return ((each.code, each.label) for each in session.services.access.options().purposes)


def _grants(session: Session, _: str) -> Any:
    access = session.services.access
    found = (*access.grants(session.person).items, *access.grants(session.person, "owned").items)
    return ((each.id, f"{each.subject}: {each.dataset_title}") for each in found if each.state is not GrantState.ENDED)


own_argument = click.argument("request_id", metavar="REQUEST", shell_complete=completing(requests_named("mine")))


@command(group, "search")
@click.argument("words", nargs=-1)
@click.option(
    "--classification",
    default="",
    type=click.Choice(["", *CLASSIFICATIONS]),
    show_choices=False,
    help="public, internal, confidential or restricted.",
)
@click.option("--tag", default="", help="Only datasets with this tag.")
@click.option("--owner", default="", help="Only datasets of this person.")
@click.option("--limit", default=20, show_default=True)
def search(session: Session, words: tuple[str, ...], **narrow: Any) -> Answer:
    """Find datasets whose words begin like WORDS; all of them without."""
    found = session.services.access.search(session.person, Search(q=" ".join(words), **narrow))
    return Answer(found, *_page_blocks(found))


@command(group, "show")
@dataset_argument
def show(session: Session, dataset: str) -> Answer:
    """Show a DATASET: what it holds, who owns it, and your access to it."""
    page = session.services.access.dataset(session.person, dataset)
    return Answer(page, *_dataset_blocks(page))


@command(group, "request")
@dataset_argument
@columns_option
@click.option("--purpose", required=True, shell_complete=completing(_purposes), help="One of the policy's purposes.")
@click.option("--days", type=int, help="How long; the policy's usual time when left out.")
@click.option("--where", multiple=True, help="Ask for some of the rows only: plant=Graz. May be repeated.")
@click.option("--for", "beneficiary", default="", help="Who is going to use the data, if that is not you.")
@click.option("--reason", default="", help="What for, in your words; the owner reads it.")
def request(session: Session, dataset: str, columns: tuple[str, ...], where: tuple[str, ...], **said: Any) -> Answer:
    """Ask for access to a DATASET. Asking again while a request is open changes that one."""
    page = session.services.access.dataset(session.person, dataset)
    names = columns_named(columns, columns_of(page.dataset))
    return _ask(session, page, dataset_id=dataset, columns=names, rows=rowfilter.parse(where), **said)


@command(group, "renew")
@click.argument("grant_id", metavar="GRANT", shell_complete=completing(_grants))
@click.option("--days", type=int, help="How long; the policy's usual time when left out.")
@click.option("--reason", default="", help="What for, in your words; the owner reads it.")
def renew(session: Session, grant_id: str, **said: Any) -> Answer:
    """Ask for the same again after a GRANT ends. Its own end stays as it is."""
    held = session.services.access.grants(session.person).items
    grant = next((each for each in held if each.id == grant_id), None)
    if grant is None:
        raise NotFound("access.no_grant", f"There is no grant {grant_id!r}.", next_step="List them: mlplat data grants")
    page = session.services.access.dataset(session.person, grant.scope.dataset_id)
    return _ask(
        session,
        page,
        dataset_id=grant.scope.dataset_id,
        columns=grant.scope.columns,
        rows=grant.scope.rows,
        purpose=grant.purpose,
        renews=grant.id,
        **said,
    )


@command(group, "requests")
@click.option("--inbox", is_flag=True, help="The requests that wait for your decision.")
def requests(session: Session, inbox: bool) -> Answer:
    """List your requests, or those that wait for you."""
    found = session.services.access.requests(session.person, "inbox" if inbox else "mine")
    rows = [
        (each.id, each.scope.dataset_id, each.requester, each.purpose, f"{each.days} d", _state(each), each.created_at)
        for each in found.items
    ]
    empty = "Nothing waits for you." if inbox else "You have asked for nothing yet: mlplat data search"
    head = ("Request", "Dataset", "By", "Purpose", "For", "State", "Asked")
    return Answer(found, Table(head, rows, empty=empty))


@command(group, "withdraw")
@own_argument
@click.option("--reason", default="", help="Why; those whom it concerns read it.")
def withdraw(session: Session, request_id: str, reason: str) -> Answer:
    """Withdraw your REQUEST."""
    made = session.services.access.withdraw(session.person, request_id, Comment(reason))
    return Answer(made, Line(f"The request {made.id} is withdrawn."))


@command(group, "grants")
@click.option("--owned", is_flag=True, help="What others may use of your datasets.")
def grants(session: Session, owned: bool) -> Answer:
    """List what you may use and until when, or what others may use of yours."""
    found = session.services.access.grants(session.person, "owned" if owned else "mine")
    rows = [
        (
            each.id,
            each.scope.dataset_id,
            each.subject,
            len(each.scope.columns),
            each.end_reason or each.state,
            each.ended_at or each.not_after,
        )
        for each in found.items
    ]
    return Answer(found, Table(("Grant", "Dataset", "For", "Columns", "State", "Until"), rows))


@command(group, "revoke")
@click.argument("grant_id", metavar="GRANT", shell_complete=completing(_grants))
@click.option("--reason", default="", help="Why; those whom it concerns read it.")
def revoke(session: Session, grant_id: str, reason: str) -> Answer:
    """End a GRANT at once: one on your dataset, or your own."""
    access = session.services.access
    ended = access.revoke(session.person, grant_id, Revocation(reason))
    left = access.remaining(session.person, ended)
    if not left:
        return Answer(ended, Line(f"The grant {ended.id} ended: {ended.subject} cannot use {ended.scope.dataset_id}."))
    lines = [Line(f"{_by(each)}: {len(each.scope.columns)} columns, {until(each)}.") for each in left]
    said = f"The grant {ended.id} ended, but {ended.subject} can still use {ended.scope.dataset_id}:"
    return Answer(ended, Line(said, Tone.WARNING), *lines)


@command(group, "register")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "dataset_id", required=True, help="A short name that never changes.")
@click.option("--title", default="", help="What people see in lists; the id, when left out.")
@click.option("--owner", default="", help="Who decides on requests; you, when left out.")
@click.option(
    "--classification",
    default="",
    type=click.Choice(["", *CLASSIFICATIONS]),
    show_choices=False,
    help="public, internal, confidential or restricted.",
)
@click.option("--tag", "tags", multiple=True, help="A word that it is found by. May be repeated.")
@click.option("--description", default="", help="What it holds, in a sentence or two.")
@click.option("--table", default="", help="FILE is an SQLite database: the table in it.")
@click.option("--sample", help="Columns of which everybody may see some rows, with commas between; '' for none.")
@click.option("--sample-rows", type=click.IntRange(1, samples.MOST_ROWS), default=10)
@click.option("--mask", "masks", multiple=True, help="COLUMN=hash, =first or =null, for the sample. May be repeated.")
def register(
    session: Session,
    file: Path,
    dataset_id: str,
    table: str,
    sample: str | None,
    sample_rows: int,
    masks: tuple[str, ...],
    **said: Any,
) -> Answer:
    """Make a Parquet or CSV FILE, a folder of Parquet files or a table of an SQLite file a dataset; again, after
    its content changed.
    """
    place = under(session.root, file)
    registration = Registration(id=dataset_id, sample=samples.typed(sample, sample_rows, masks), **said)
    made = session.services.access.register(
        session.person, Path(locations.table(place, table)) if table else place, registration
    )
    text = f"{made.id} is registered: {made.rows or 0:,} rows, {len(made.columns)} columns, owned by {made.owner}."
    return Answer(made, Line(text, Tone.GOOD))


@command(group, "retire")
@dataset_argument
def retire(session: Session, dataset: str) -> Answer:
    """End a DATASET of yours for good: its requests are closed and its grants end. The file stays."""
    gone = session.services.access.retire(session.person, dataset)
    return Answer(gone, Line(f"{gone.id} is retired; nobody can use it any more."))


def _ask(session: Session, page: DatasetPage, **said: Any) -> Answer:
    before = page.open_request
    made = session.services.access.ask(session.person, NewRequest(idempotency_key=uuid.uuid4().hex, **said))
    if made.state is RequestState.APPROVED:
        note = f"Approved by the policy's rule {made.decisions[-1].rule!r}."
    elif before and before.id == made.id:
        same = before.revision == made.revision
        note = "You had asked for this already." if same else f"Your open request is now revision {made.revision}."
    else:
        note = "Asked."
    return Answer(made, Line(note, Tone.GOOD), *_request_blocks(made))


def _by(grant: Grant) -> str:
    return "as its owner" if grant.id == "owner" else f"by the grant {grant.id}"


def _state(request: Request) -> str:
    waits = request.state is RequestState.SUBMITTED and request.approvers
    return f"waits for {', '.join(request.approvers)}" if waits else request.state.value.replace("_", " ")


def _page_blocks(found: SearchPage) -> list[Block]:
    rows = [
        (each.id, each.title, each.owner, each.classification, each.rows, each.column_count, each.access)
        for each in found.items
    ]
    head = ("Dataset", "Title", "Owner", "Class", "Rows", "Columns", "Your access")
    blocks: list[Block] = [Table(head, rows, empty="No dataset matches.")]
    if found.capped or found.total > len(found.items):
        total = f"more than {found.total:,}" if found.capped else f"{found.total:,}"
        blocks.append(Line(f"{len(found.items)} of {total}; add words to narrow, or --limit.", Tone.QUIET))
    blocks += [Line(f"{each.message} {each.cause}", Tone.WARNING) for each in found.problems]
    return blocks


def _dataset_blocks(page: DatasetPage) -> list[Block]:
    dataset, grant = page.dataset, page.grant
    access = f"granted, {until(grant)}" if grant else page.access
    if page.coming and not grant:
        access = "; ".join(["granted, and being set up", *(data_oversight.told(each) for each in page.effects)])
    elif page.open_request and not grant:
        access = f"{page.access}: {_state(page.open_request)}"
    about = [
        ("Id", dataset.id),
        ("Title", dataset.title),
        ("About", dataset.description),
        ("Owner", dataset.owner),
        ("Classification", f"{dataset.classification}, granted for at most {page.max_days} days"),
        ("Tags", dataset.tags),
        ("Rows", dataset.rows),
        ("Registered", dataset.registered_at),
        ("Your access", access),
    ]
    granted = set(grant.scope.columns if grant else _own_columns(page))
    rows = [(each.name, each.type, each.description, each.tags, each.name in granted) for each in dataset.columns]
    return [Fields(about), Table(("Column", "Type", "About", "Tags", "Yours"), rows), *_next(page)]


def _own_columns(page: DatasetPage) -> tuple[str, ...]:
    return columns_of(page.dataset) if page.access == "owner" else ()


def _next(page: DatasetPage) -> list[Block]:
    if page.access in ("owner", "granted"):
        return [Code(f"df = %mlplat load {page.dataset.id}")]
    if page.access in ("requested", "fulfilling"):
        return []
    return [Code(f"mlplat data request {page.dataset.id} --purpose … --days {page.default_days}")]


def _request_blocks(made: Request) -> list[Block]:
    pairs = [
        ("Request", made.id),
        ("Dataset", made.scope.dataset_id),
        ("Columns", made.scope.columns),
        ("Rows", rowfilter.words(made.scope.rows) if made.scope.rows is not None else "all"),
        ("Purpose", made.purpose),
        ("Used by", made.subject),
        ("For", f"{made.days} days from the approval"),
        ("State", _state(made)),
    ]
    if len(made.review) > 1:
        pairs.append(("Review", tuple(_passed(each) for each in made.review)))
    return [Fields(pairs)]


def _passed(each: Purview) -> str:
    if each.approved_by:
        return f"{each.stage}: approved by {each.approved_by}"
    return f"{each.stage}: {' or '.join(each.approvers) or 'nobody that the policy names'}"


for each in (data_apply, data_fulfil, data_load, data_oversight, data_review, data_sql, data_status):
    each.add_to(group)
