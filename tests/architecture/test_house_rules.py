"""Rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_file_holds_two_ideas() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("jupyter_mlplatform/*.py", "labextension/src/*.ts", "labextension/src/*.tsx")
        if path.name != "schema.ts" and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_no_file_names_a_registry() -> None:
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "npmjs" + r"\.(org|com)", "yarnpkg" + r"\.com", "anaconda" + r"\.org"])
    )
    named = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path.suffix not in {".png", ".parquet"} and (match := hosts.search(path.read_text(encoding="utf-8")))
    ]
    assert named == []


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_no_handler_inherits_a_decorated_verb(verb: str) -> None:
    """``authorized`` remembers the resource of its first call, so a verb must belong to one class only."""
    from jupyter_mlplatform.server.handlers import PlatformHandler
    from jupyter_mlplatform.server.routes import ROUTES

    def root(kind: type) -> type:
        return next(each for each in kind.__mro__ if verb in vars(each))

    for _, handler in ROUTES:
        owner = root(handler)
        assert owner is handler or not issubclass(owner, PlatformHandler)


def test_every_verb_is_authenticated_then_authorized_then_described() -> None:
    """Read from the source: ``authorized`` refuses strangers too, so no request can tell that the first is missing."""
    verbs = {"get", "post", "put", "patch", "delete"}
    wanted = ["web.authenticated", "authorized", "operation"]
    wrong = {}
    for path in tracked("jupyter_mlplatform/server/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name in verbs:
                found = [ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in node.decorator_list]
                if found != wanted:
                    wrong[f"{path.name}:{node.lineno}"] = found
    assert wrong == {}
