"""Reading and preparing a notebook document (nbformat 4, as a dict) without touching the original."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_mlplatform.handoff.spec import Value

PARAMETERS = "parameters"
INJECTED = "injected-parameters"
_MAGIC = re.compile(r"^(\s*)(?:[%!?]|\?).*$|^(\s*)\S+\?\??\s*$")
_ASSIGNED_MAGIC = re.compile(r"^(\s*)([\w.,\s\[\]'\"]+)=\s*[%!].*$")


def source(cell: Mapping[str, Any]) -> str:
    """A cell's text; the format allows a list of lines."""
    text = cell.get("source", "")
    return "".join(text) if isinstance(text, list) else str(text)


def tags(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """A cell's tags."""
    found = cell.get("metadata", {}).get("tags", [])
    return tuple(found) if isinstance(found, list) else ()


def kernel(document: Mapping[str, Any]) -> str:
    """The kernel that the notebook names, or an empty text."""
    return str(document.get("metadata", {}).get("kernelspec", {}).get("name", ""))


def code_cells(document: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Code cells that are not empty, each with its number in the notebook as a person counts, from 1."""
    cells = enumerate(document.get("cells", ()), start=1)
    return [(number, cell) for number, cell in cells if cell.get("cell_type") == "code" and source(cell).strip()]


def known_tags(document: Mapping[str, Any]) -> set[str]:
    """All tags of code cells."""
    return {tag for _, cell in code_cells(document) for tag in tags(cell)}


def python_only(text: str) -> str:
    """A cell as plain Python of the same number of lines: magics and shell lines do nothing."""
    if text.lstrip().startswith("%%"):
        return ""
    lines = []
    for line in text.splitlines():
        assigned = _ASSIGNED_MAGIC.match(line)
        magic = _MAGIC.match(line)
        if assigned:
            line = f"{assigned[1]}{assigned[2]}= None"
        elif magic:
            line = f"{magic[1] or magic[2] or ''}pass"
        lines.append(line)
    return "\n".join(lines)


def parse(text: str) -> ast.Module:
    """A cell's syntax tree. Raises ``SyntaxError`` or ``ValueError``.

    What is Python already is left alone, because a line of it may well begin with ``%``.
    """
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        made = compile(text, "cell", "exec", flags=flags, dont_inherit=True)
    except SyntaxError:
        plain = python_only(text)
        if plain == text:
            raise
        made = compile(plain, "cell", "exec", flags=flags, dont_inherit=True)
    assert isinstance(made, ast.Module)  # noqa: S101 (that is what the flag asks for)
    return made


def output_text(cell: Mapping[str, Any]) -> str:
    """The text that a cell has put out, as it is kept in the notebook."""
    parts: list[Any] = []
    for each in cell.get("outputs", ()):
        parts += [each.get("text", ""), *each.get("traceback", ()), *each.get("data", {}).values()]
    return "\n".join("".join(part) if isinstance(part, list) else str(part) for part in parts)


def parameters(document: Mapping[str, Any]) -> dict[str, Value]:
    """Names with literal values that the cells tagged ``parameters`` assign."""
    found: dict[str, Value] = {}
    for _, cell in code_cells(document):
        if PARAMETERS not in tags(cell):
            continue
        try:
            tree = parse(source(cell))
        except (SyntaxError, ValueError):  # reported by the preflight, with its line
            continue
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target, value = statement.targets[0], statement.value
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    found.update(_literal(target.id, value))
    return found


def prepared(document: Mapping[str, Any], wanted: Sequence[str], params: Mapping[str, Value]) -> dict[str, Any]:
    """A new notebook of the code to run: cells with a wanted tag (none wanted: all), the ``parameters`` cell always,
    and after it the parameters as literals, never as code."""
    cells: list[dict[str, Any]] = []
    place = 0
    for _, cell in code_cells(document):
        if wanted and not {PARAMETERS, *wanted} & set(tags(cell)):
            continue
        cells.append({**cell, "source": source(cell), "outputs": [], "execution_count": None})
        if PARAMETERS in tags(cell):
            place = len(cells)
    if params:
        cells.insert(place, _injected(params, with_id=document.get("nbformat_minor", 0) >= 5))
    return {**document, "cells": cells}


def _injected(params: Mapping[str, Value], *, with_id: bool) -> dict[str, Any]:
    lines = [f"{name} = {value!r}" for name, value in sorted(params.items())]
    return {
        "cell_type": "code",
        **({"id": "mlplat-parameters"} if with_id else {}),
        "metadata": {"tags": [INJECTED]},
        "source": "\n".join(lines),
        "outputs": [],
        "execution_count": None,
    }


def _literal(name: str, node: ast.expr) -> dict[str, Value]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):  # what literal_eval's own page names
        return {}
    return {name: value} if isinstance(value, (bool, int, float, str)) else {}
