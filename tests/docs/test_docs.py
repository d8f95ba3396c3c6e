"""The pages say what is so: keys of the policy, commands, examples and links are compared with the code."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from jupyter_mlplatform import policy, yaml12
from jupyter_mlplatform.access import catalogue
from jupyter_mlplatform.cli import cli
from jupyter_mlplatform.handoff import spec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
POLICY_PAGE = ROOT / "docs" / "operators" / "policy.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^|\$\(|[\s%])mlplat ([^\n#)]*)")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fences(page: Path, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text(page)) if found == language]


def sections() -> Iterator[tuple[str, str]]:
    parts = re.split(r"^## \[([\w.]+)\]\n", text(POLICY_PAGE), flags=re.MULTILINE)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        yield name, re.split(r"^## ", body, flags=re.MULTILINE)[0]


def written_defaults() -> dict[str, Any]:
    found = {}
    for name, body in sections():
        for key, default in re.findall(r"^\| `(\w+)` \| (\S.*?) \|", body, flags=re.MULTILINE):
            if default == "below":
                examples = [tomllib.loads(each) for language, each in FENCE.findall(body) if language == "toml"]
                example = next(each for each in examples if key in each[name])
                read = policy.parse({name: {key: example[name][key]}}, "the page").policy
                found[f"{name}.{key}"] = msgspec.json.decode(msgspec.json.encode(read))[name][key]
            else:
                found[f"{name}.{key}"] = tomllib.loads(f"value = {default.strip('`')}")["value"]
    return found


def known_defaults(section: policy.Strict, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in section.__struct_fields__:
        value = getattr(section, name)
        if isinstance(value, policy.Strict):
            yield from known_defaults(value, f"{prefix}{name}.")
        else:
            yield prefix + name, msgspec.json.decode(msgspec.json.encode(value))


def test_the_policy_page_lists_every_key_with_its_default() -> None:
    assert written_defaults() == dict(known_defaults(policy.Policy(), ""))


def test_every_policy_example_is_a_valid_policy_and_every_catalogue_example_a_valid_catalogue() -> None:
    checked = 0
    for page in PAGES:
        for example in fences(page, "toml"):
            document = tomllib.loads(example)
            if "dataset" in document:
                found, problems = catalogue.entries(document, page.name)
                assert found
                assert problems == []
            else:
                policy.parse(document, page.name)
            checked += 1
    assert checked >= 3


def test_every_handoff_example_is_a_valid_spec() -> None:
    examples = [each for page in PAGES for each in fences(page, "yaml") if each.startswith("handoff:")]
    assert examples
    for example in examples:
        spec.parse(yaml12.load(example), "the example")


def commands() -> list[tuple[str, str]]:
    found = set()
    for page in PAGES:
        fenced = [body for language, body in FENCE.findall(text(page)) if language in ("bash", "python")]
        for code in [*fenced, *INLINE.findall(FENCE.sub("", text(page)))]:
            for line in code.splitlines():
                found |= {(page.name, words.strip()) for words in COMMAND.findall(line) if words.strip()}
    return sorted(found)


@pytest.mark.parametrize(("page", "words"), commands())
def test_every_command_in_the_pages_exists_with_the_options_that_are_shown(page: str, words: str) -> None:
    given = shlex.split(words)
    found: click.Command = cli
    context = click.Context(cli, info_name="mlplat")
    while given and isinstance(found, click.Group) and not given[0].startswith("-"):
        for name in given.pop(0).split("|"):
            step = found.get_command(context, name)
            assert step is not None, f"{page}: there is no command mlplat {words}"
        found = step
    known = {option for each in found.get_params(context) for option in [*each.opts, *each.secondary_opts]}
    assert {word for word in given if word.startswith("--")} <= known | {"--help", "--version"}


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", text(page)))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert broken == []


def test_no_page_is_orphaned() -> None:
    """Every page below docs is reached by links from the README."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen:
            continue
        seen.add(page)
        if page.is_dir():
            waiting += page.glob("*.md")
        elif page.suffix == ".md":
            targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", text(page)))
            waiting += [page.parent / each for each in targets if "://" not in each and (page.parent / each).exists()]
    assert [page for page in PAGES if page.resolve() not in seen] == []
