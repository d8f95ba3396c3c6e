from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlplatform.idle.local import notebooks as module
from jupyter_mlplatform.idle.local.notebooks import TAIL_BYTES, Notebooks, root_of

NEVER = {"mlplatform": {"idle": {"never": True}}}


def write(file: Path, metadata: dict[str, Any], *outputs: str) -> None:
    """As Jupyter writes a notebook."""
    cells = [
        nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", name="stdout", text=text)])
        for text in outputs
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(metadata=metadata, cells=cells), file)


def read(root: Path | None, path: str) -> Any:
    return Notebooks(root).metadata([path])[path]


def test_a_notebooks_own_wish_is_found_and_nothing_else_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b.ipynb", {**NEVER, "kernelspec": {"name": "python3", "display_name": "3"}})
    assert read(tmp_path, "a/b.ipynb") == read(tmp_path, "/a/b.ipynb") == read(tmp_path, "RTC:a/b.ipynb") == NEVER


def test_given_a_big_notebook_then_only_its_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "big.ipynb", NEVER, "x" * 3 * TAIL_BYTES)
    monkeypatch.setattr(module, "_Notebook", None)  # reading it as a whole would fail
    assert read(tmp_path, "big.ipynb") == NEVER


def test_given_a_big_notebook_that_shows_another_ones_source_then_its_own_metadata_counts(tmp_path: Path) -> None:
    write(tmp_path / "inner.ipynb", NEVER)
    write(tmp_path / "outer.ipynb", {}, "x" * 3 * TAIL_BYTES, (tmp_path / "inner.ipynb").read_text())
    assert read(tmp_path, "outer.ipynb") == {}


@pytest.mark.parametrize("layout", [{}, {"indent": 4}, {"indent": 1}, {"separators": (",", ":")}])
def test_given_a_big_notebook_of_another_program_then_it_is_read_as_a_whole(tmp_path: Path, layout: Any) -> None:
    document = {"metadata": NEVER, "nbformat": 4, "cells": [{"source": "x" * 3 * TAIL_BYTES, "metadata": {"a": 1}}]}
    (tmp_path / "other.ipynb").write_text(json.dumps(document, **layout))
    assert read(tmp_path, "other.ipynb") == NEVER


def test_given_a_notebook_that_was_saved_again_then_it_is_read_again_and_otherwise_not(tmp_path: Path) -> None:
    file, notebooks = tmp_path / "n.ipynb", Notebooks(tmp_path)
    write(file, {})
    assert notebooks.metadata(["n.ipynb"]) == {"n.ipynb": {}}
    write(file, NEVER)
    assert notebooks.metadata(["n.ipynb"]) == {"n.ipynb": NEVER}
    before = file.stat()
    file.write_bytes(b"x" * before.st_size)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert notebooks.metadata(["n.ipynb"]) == {"n.ipynb": NEVER}  # the same time and size: it was not looked at


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"metadata": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"metadata": {"mlplatform": ' + b"[" * 100_000,
        b'\n "metadata": {' + b"x" * 2 * TAIL_BYTES + b'\n "metadata": {',
    ],
)
def test_given_a_file_that_is_no_notebook_then_it_asks_for_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.ipynb").write_bytes(content)
    assert read(tmp_path, "bad.ipynb") == {}


def test_given_a_path_that_is_no_readable_notebook_then_it_asks_for_nothing_and_nothing_hangs(tmp_path: Path) -> None:
    write(tmp_path / "outside.ipynb", NEVER)
    root = tmp_path / "root"
    (root / "folder.ipynb").mkdir(parents=True)
    os.mkfifo(root / "pipe.ipynb")
    (root / "notes.py").write_text(json.dumps({"metadata": NEVER}))
    for path in ("../outside.ipynb", "folder.ipynb", "pipe.ipynb", "notes.py", "gone.ipynb", "", "a\0b.ipynb", "/"):
        assert read(root, path) == {}, path
    assert read(None, "outside.ipynb") == {}


def test_given_an_enormous_file_then_it_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "n.ipynb", NEVER)
    os.truncate(tmp_path / "n.ipynb", module.LARGEST_BYTES + 1)  # sparse
    assert read(tmp_path, "n.ipynb") == {}


def test_the_root_is_the_folder_that_the_server_serves_if_there_is_one(tmp_path: Path) -> None:
    class Contents:
        def __init__(self, root: Any) -> None:
            self.root_dir = root

    assert root_of(Contents(str(tmp_path))) == tmp_path
    assert [root_of(each) for each in (Contents(""), Contents("s3://bucket"), object())] == [None] * 3
