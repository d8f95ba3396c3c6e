"""Tables of the Glue catalogue as datasets: what is taken over, what is left as it is, and what is retired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_mlplatform.access import mirror
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.glue_catalogue import GlueCatalogue
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.mirror import Progress
from jupyter_mlplatform.access.mirroring import Mirroring
from jupyter_mlplatform.access.models import Dataset, EndReason, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.registrar import Registrar
from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.lake_bench import quick_session
from tests.access.world import POLICY, START, Clock
from tests.aws.faults import EmptyPage, Throttled
from tests.aws.glue import Glue
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, REGION, StrictAws

WELD = {"gun_id": "bigint", "force": "double", "worker": "string"}


class World:
    """One account with a catalogue, and a store that mirrors the database ``plant`` of bob's."""

    def __init__(self, state: Path) -> None:
        self.clock = Clock()
        self.aws = StrictAws(self.clock)
        self.glue = Glue(self.aws)
        self.glue.database("plant")
        self.store = SqliteStore(state)
        self.registrar = Registrar(self.store, StreamedFiles(), CatalogueFiles([]), POLICY, self.clock)
        self.mirroring = self.mirror_of({"plant": "bob"})

    def mirror_of(self, databases: dict[str, str], backend: str = "lake_formation") -> Mirroring:
        policy = AwsAccess(account=ACCOUNT, region=REGION, endpoint_url=self.aws.service("glue").address)
        tables = GlueCatalogue(Clients(policy, attempts=1, session=quick_session))
        return Mirroring(
            self.store, tables, databases, backend, lambda each: self.registrar.retire("ada", each), self.clock
        )

    def run(self) -> Progress:
        told = self.mirroring.run()
        assert told is not None
        return told

    def dataset(self, dataset_id: str) -> Dataset:
        found = self.store.dataset(dataset_id)
        assert found is not None
        return found

    def grant(self, dataset_id: str) -> None:
        scope = Scope(dataset_id=dataset_id, columns=("gun_id",))
        grant = Grant(
            id="g1",
            request_id="r1",
            subject="alice",
            scope=scope,
            dataset_title="",
            owner="bob",
            purpose="reporting",
            not_before=START,
            not_after=START + timedelta(days=9),
            state=GrantState.ACTIVE,
            version=1,
            approved_by="bob",
        )
        with self.store.unit() as unit:
            unit.put_grant(grant)

    def wrong(self) -> list[str]:
        return [f"{each.dataset_id}: {each.problem.cause}" for each in self.mirroring.faults]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path / "state")
    for name, value in made.aws.environment("glue").items():
        monkeypatch.setenv(name, value)
    yield made
    made.aws.close()


def test_when_a_table_is_mirrored_its_dataset_says_what_glue_says(world: World) -> None:
    world.glue.table(
        "plant",
        "weld_guns",
        WELD,
        Description="Welding\u202e guns",
        PartitionKeys=[{"Name": "day", "Type": "date", "Comment": "of the shift"}],
        Parameters={"mlplat.classification": "internal", "classification": "parquet", "mlplat.tags": "weld, line3"},
    )
    assert world.run() == Progress(databases=1, done=1, seen=1, written=1)
    found = world.dataset("plant.weld_guns")
    assert (found.kind, found.backend, found.owner) == (Kind.GLUE_TABLE, "lake_formation", "bob")
    assert found.location == f"glue://{ACCOUNT}/plant/weld_guns"
    assert (found.title, found.description, found.format) == ("weld guns", "Welding guns", "parquet")
    assert (found.classification, found.tags) == ("internal", ("weld", "line3"))
    assert found.fingerprint == "glue:2030-01-01T12:00:00Z:0"
    assert [(column.name, column.type) for column in found.columns] == [*WELD.items(), ("day", "date")]
    assert found.columns[-1].description == "of the shift"
    (event,) = world.store.events(None)
    assert (event.action, event.actor) == ("dataset.registered", "catalogue")


def test_when_a_table_does_not_say_how_secret_it_is_it_is_of_the_strictest_kind(world: World) -> None:
    world.glue.table("plant", "quiet", WELD)
    world.glue.table("plant", "odd", WELD, Parameters={"mlplat.classification": "rather secret"})
    world.run()
    assert {world.dataset(name).classification for name in ("plant.quiet", "plant.odd")} == {"restricted"}
    (said,) = world.wrong()
    assert said.startswith("plant.odd: Its mlplat.classification is none of public")


def test_when_nothing_changed_nothing_is_written_again(world: World) -> None:
    for number in range(25):
        world.glue.table("plant", f"t{number}", WELD)
    world.glue.page_size = 10
    assert world.run().written == 25
    before = world.store.last_seq()
    world.clock.forward(hours=1)
    world.glue.table("plant", "t7", {**WELD, "shift": "int"})
    assert world.run() == Progress(databases=1, done=1, seen=25, written=1)
    assert world.store.last_seq() == before + 1
    assert world.dataset("plant.t7").columns[-1].name == "shift"
    assert world.dataset("plant.t7").fingerprint == "glue:2030-01-01T12:00:00Z:1"
    assert world.run().written == 0


def test_when_the_owner_or_the_backend_changes_in_the_policy_its_datasets_follow(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    world.mirroring = world.mirror_of({"PLANT": "carol"}, "datazone")
    assert world.run().written == 1
    found = world.dataset("plant.weld")
    assert (found.owner, found.backend) == ("carol", "datazone")


def test_when_a_page_is_empty_but_leads_on_the_rest_is_read(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.aws.service("glue").fail("GetTables", EmptyPage(), EmptyPage())
    assert world.run().seen == 1


def test_when_a_table_was_dropped_its_dataset_is_retired_and_its_grants_end(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.glue.table("plant", "paint", WELD)
    world.run()
    world.grant("plant.weld")
    world.glue.drop("plant", "weld")
    assert world.run().retired == 1
    assert not world.dataset("plant.weld").live
    assert world.dataset("plant.paint").live
    (ended,) = world.store.grants_to("alice")
    assert ended.end_reason is EndReason.DATASET_GONE
    assert world.run().retired == 0


def test_when_a_list_leaves_a_table_out_that_is_there_nothing_is_retired(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    hidden = world.glue.state.tables.pop(("plant", "weld"))
    world.aws.service("glue").on("GetTable", lambda request, call: {"Table": hidden})
    assert world.run().retired == 0
    assert world.dataset("plant.weld").live
    assert world.wrong() == [
        "plant.weld: It is there, but is not listed any more, or has become something that is no dataset."
    ]


def test_when_the_platform_may_not_see_a_table_any_more_nothing_is_retired(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    world.glue.drop("plant", "weld")
    world.aws.service("glue").fail("GetTable", Refusal("AccessDeniedException"))
    assert world.run().retired == 0
    assert world.dataset("plant.weld").live
    (said,) = world.wrong()
    assert "Whether it is still there cannot be seen. AWS does not allow glue:GetTable here." in said


def test_when_glue_throttles_half_way_what_was_read_is_kept_and_the_gap_is_told(world: World) -> None:
    for number in range(30):
        world.glue.table("plant", f"t{number:02}", WELD)
    world.glue.page_size = 10
    seen: list[Progress] = []

    def hear(progress: Progress) -> None:
        seen.append(progress)
        if progress.seen == 10 and not progress.done:
            world.aws.service("glue").fail("GetTables", Throttled())

    world.mirroring.run(hear)
    assert world.dataset("plant.t09").live
    assert world.store.dataset("plant.t10") is None
    (fault,) = world.mirroring.faults
    assert (fault.dataset_id, fault.problem.code) == ("", "access.mirror_incomplete")
    assert "asked too often" in fault.problem.cause
    assert [each.seen for each in seen] == [0, 0, 10, 10]
    assert world.run().written == 20
    assert world.mirroring.faults == ()


def test_when_a_database_is_missing_its_datasets_stay_and_the_others_are_read(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.glue.table("stock", "parts", WELD)
    world.mirroring = world.mirror_of({"plant": "bob", "stock": "carol"})
    world.run()
    world.glue.drop("plant", "weld")
    del world.glue.state.databases["plant"]
    world.glue.table("stock", "bins", WELD)
    told = world.run()
    assert (told.retired, told.written) == (0, 1)
    assert world.dataset("plant.weld").live
    assert [each.problem.message for each in world.mirroring.faults] == [
        "The Glue database 'plant' could not be read to its end."
    ]


def test_when_a_table_is_made_anew_at_once_it_is_the_same_dataset_with_other_content(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    world.grant("plant.weld")
    world.glue.drop("plant", "weld")
    world.clock.forward(days=1)
    world.glue.table("plant", "weld", WELD)
    world.run()
    assert world.dataset("plant.weld").fingerprint == "glue:2030-01-02T12:00:00Z:0"
    assert world.store.events(None)[-1].action == "dataset.renewed"


def test_when_a_table_comes_back_after_its_dataset_was_retired_it_is_another_dataset(world: World) -> None:
    for day in range(3):
        world.glue.table("plant", "weld", WELD)
        world.run()
        world.glue.drop("plant", "weld")
        if day < 2:
            world.run()
        world.clock.forward(days=1)
    assert not world.dataset("plant.weld").live
    assert not world.dataset("plant.weld-20300102120000").live
    assert world.dataset("plant.weld-20300103120000").live
    assert world.wrong() == []


def test_when_a_person_retired_a_dataset_changes_of_its_table_do_not_bring_it_back(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    world.registrar.retire("bob", world.dataset("plant.weld"))
    world.glue.table("plant", "weld", {**WELD, "shift": "int"})
    world.run()
    assert not world.dataset("plant.weld").live
    assert world.wrong() == []


def test_when_two_tables_would_have_the_same_id_the_second_is_a_fault_that_stays_one(world: World) -> None:
    world.glue.table("plant", "weld guns", WELD)
    world.glue.table("plant", "weld_guns", WELD)
    for _ in range(2):
        world.run()
        assert world.dataset("plant.weld_guns").location == f"glue://{ACCOUNT}/plant/weld%20guns"
        assert world.wrong() == [
            "plant.weld_guns: Its id would be 'plant.weld_guns', which something else has already."
        ]


def test_when_an_id_was_registered_by_hand_the_table_does_not_take_it(world: World) -> None:
    by_hand = Dataset(id="plant.weld", title="Mine", owner="carol", location="/data/w.parquet", registered_at=START)
    with world.store.unit() as unit:
        unit.put_dataset(by_hand)
    world.glue.table("plant", "weld", WELD)
    assert world.run().written == 0
    assert world.dataset("plant.weld") == by_hand
    assert world.wrong() == ["plant.weld: Its id would be 'plant.weld', which something else has already."]


@pytest.mark.parametrize(
    ("name", "columns", "cause"),
    [
        ("empty", {}, "It has no columns."),
        ("wide", {f"c{number}": "int" for number in range(2001)}, "It has 2,001 columns; at most 2,000 are kept."),
        ("twice", {"Force": "int", "force": "int"}, "Two of its columns have the same name."),
        ("steers", {"a\u202eb": "int"}, "A column's name has characters that cannot be read."),
        ("ölß", {}, "It has no columns."),
        ("öß", WELD, "Nothing is left of its name for an id, which has letters a to z and digits."),
    ],
)
def test_when_a_table_cannot_be_a_dataset_it_is_a_fault_and_the_others_are_taken(
    world: World, name: str, columns: dict[str, str], cause: str
) -> None:
    world.glue.table("plant", name, columns)
    world.glue.table("plant", "zinc", WELD)
    assert world.run().written == 1
    assert [each.problem.cause for each in world.mirroring.faults] == [cause]
    assert world.dataset("plant.zinc").live


def test_when_a_schema_is_huge_its_types_are_cut_and_still_not_compared(world: World) -> None:
    nested = "struct<" + ",".join(f"f{number}:string" for number in range(5000)) + ">"
    world.glue.table("plant", "deep", {"gun_id": "bigint", "rest": nested})
    world.run()
    kind = world.dataset("plant.deep").columns[1].type
    assert (len(kind), kind[:7]) == (200, "struct<")


def test_when_a_table_is_a_view_or_a_link_it_is_left_out(world: World) -> None:
    world.glue.table("plant", "view", WELD, TableType="VIRTUAL_VIEW")
    world.glue.table("plant", "link", WELD, TargetTable={"CatalogId": "999999999999", "DatabaseName": "x", "Name": "y"})
    assert world.run().seen == 0


def test_when_a_name_is_long_its_id_is_cut_and_still_its_own() -> None:
    def table(name: str) -> mirror.Table:
        return mirror.Table(catalog=ACCOUNT, database="plant", name=name, created=START, version="0", columns=())

    one, other = (mirror.dataset_id(table("w" * 200 + end)) for end in "ab")
    assert one != other
    assert {len(one), len(other), len(mirror.dataset_id(table("w" * 200), taken=True))} == {64}


def test_when_a_place_is_written_and_read_it_is_the_same_and_others_are_refused() -> None:
    parts = (ACCOUNT, "a/b", "c d#ü%")
    assert mirror.table_at(mirror.location(*parts)) == parts
    for wrong in ("glue://1/2", "s3://a/b/c", "glue://1/2/3/4", "glue:///b/c"):
        with pytest.raises(Invalid):
            mirror.table_at(wrong)


def test_when_one_mirror_runs_another_thread_does_not_start_one(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    inside: list[object] = []
    world.mirroring.run(lambda progress: inside.append((world.mirroring.run(), world.mirroring.begin())))
    assert set(inside) == {(None, False)}


def test_when_the_mirror_calls_aws_it_names_the_account_and_uses_the_platforms_key(world: World) -> None:
    world.glue.table("plant", "weld", WELD)
    world.run()
    world.glue.drop("plant", "weld")
    world.run()
    assert {call.operation for call in world.aws.calls} == {"GetTables", "GetTable"}
    assert {call.input["CatalogId"] for call in world.aws.calls} == {ACCOUNT}
    assert {call.key_id for call in world.aws.calls} == {world.aws.key.id}
