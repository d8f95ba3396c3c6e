"""What a command answers, once for all faces: text in a terminal, HTML in a notebook, JSON for programs.

An answer is data plus a few blocks (a line, a table, a list of fields). The renderers here are the only place where
values become HTML, and they escape every one of them.
"""

from __future__ import annotations

import html
import io
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from enum import Enum
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from jupyter_mlplatform.errors import Problem


class Tone(str, Enum):
    """How a line is meant."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    QUIET = "quiet"


_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.WARNING: "yellow", Tone.BAD: "bold red", Tone.QUIET: "dim"}
_COLOURS = {
    Tone.PLAIN: "inherit",
    Tone.GOOD: "var(--jp-success-color1, green)",
    Tone.WARNING: "var(--jp-warn-color0, darkorange)",
    Tone.BAD: "var(--jp-error-color1, crimson)",
    Tone.QUIET: "var(--jp-ui-font-color2, gray)",
}


class Line(msgspec.Struct, frozen=True):
    """One sentence."""

    text: str
    tone: Tone = Tone.PLAIN


class Table(msgspec.Struct, frozen=True):
    """Rows under named columns; a cell is anything that :func:`words` can say. ``empty`` stands in for no rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    empty: str = "Nothing yet."


class Fields(msgspec.Struct, frozen=True):
    """Names with one value each."""

    pairs: Sequence[tuple[str, Any]]
    title: str = ""


class Code(msgspec.Struct, frozen=True):
    """Text to be read or copied letter for letter."""

    text: str


Block = Line | Table | Fields | Code


class Answer:
    """The result of one command.

    ``data`` is what ``--json`` prints and programs read, ``blocks`` is what people see, ``result`` (a DataFrame, say)
    is what the magic returns in place of the answer itself. ``exit_code`` is the command's exit status.
    """

    def __init__(self, data: Any, *blocks: Block, result: Any = None, exit_code: int = 0) -> None:
        self.data = data
        self.blocks = blocks
        self.result = result
        self.exit_code = exit_code

    def json(self) -> str:
        """The data as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self.data), indent=2).decode()

    def print(self, console: Console) -> None:
        """Write the blocks for a person."""
        for block in self.blocks:
            console.print(_rich(block))

    def text(self) -> str:
        """The blocks as plain text."""
        console = Console(width=100, no_color=True, force_jupyter=False, file=io.StringIO(), record=True)
        self.print(console)
        return console.export_text().rstrip()

    def html(self) -> str:
        """The blocks as HTML that follows the theme of the page."""
        return '<div class="jp-RenderedHTMLCommon">' + "".join(map(_html, self.blocks)) + "</div>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.text()


def problem_answer(problem: Problem, exit_code: int) -> Answer:
    """A failure, as every face shows it: what happened, why, and what to do."""
    blocks: list[Block] = [Line(problem.message, Tone.BAD)]
    blocks += [Line(text) for text in (problem.cause,) if text]
    blocks += [Line(f"→ {problem.next_step}", Tone.QUIET)] if problem.next_step else []
    return Answer(problem, *blocks, exit_code=exit_code)


def words(value: Any) -> str:
    """A value as a person reads it: instants in UTC to the minute, lists with commas, nothing as a dash."""
    if value is None or value == "" or value == ():
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return str(value)
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(words, value))
    return str(value)


def duration(seconds: float) -> str:
    """Seconds in the two largest units that say something: ``2 h 5 min``, ``40 s``."""
    whole = max(0, round(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _shown(text: str, style: str = "") -> Text:
    """Text that a terminal shows as it is: neither markup nor control sequences of the text itself take effect."""
    visible = "".join(
        character if character in "\n\t" or unicodedata.category(character) != "Cc" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
    return Text(visible, style=style)


def _rich(block: Block) -> RenderableType:
    if isinstance(block, Line):
        return _shown(block.text, _STYLES[block.tone])
    if isinstance(block, Code):
        return _shown(block.text, "cyan")
    title = _shown(block.title, "italic") if block.title else None
    if isinstance(block, Fields):
        grid = RichTable(show_header=False, box=None, title=title, title_justify="left", pad_edge=False)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in block.pairs:
            grid.add_row(_shown(name), _shown(words(value)))
        return grid
    if not block.rows:
        return _shown(block.empty, "dim")
    table = RichTable(title=title, title_justify="left", box=None, header_style="bold")
    for number, name in enumerate(block.columns):
        table.add_column(_shown(name), no_wrap=number == 0, overflow="fold")  # the first is what one copies
    for row in block.rows:
        table.add_row(*(_shown(words(cell)) for cell in row))
    return table


def _html(block: Block) -> str:
    if isinstance(block, Line):
        return f'<p style="margin:2px 0;color:{_COLOURS[block.tone]}">{html.escape(block.text)}</p>'
    if isinstance(block, Code):
        return f"<pre>{html.escape(block.text)}</pre>"
    title = f"<p><b>{html.escape(block.title)}</b></p>" if block.title else ""
    if isinstance(block, Fields):
        return title + "<table><tbody>" + "".join(_html_fields(block.pairs)) + "</tbody></table>"
    if not block.rows:
        return title + _html(Line(block.empty, Tone.QUIET))
    head = "".join(f'<th style="text-align:left">{html.escape(name)}</th>' for name in block.columns)
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in block.rows)
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_fields(pairs: Sequence[tuple[str, Any]]) -> Iterator[str]:
    for name, value in pairs:
        yield f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>{_html_cell(value)}</tr>'


def _html_cell(value: Any) -> str:
    return f'<td style="text-align:left">{html.escape(words(value))}</td>'
