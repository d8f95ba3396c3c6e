"""``%mlplat`` in a real kernel: there without ``%load_ext``, helpful before its first use, and calm when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SECONDS = 60


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=SECONDS)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def outputs(kernel: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """The display data, results, streams and errors of one cell."""
    seen: list[dict[str, Any]] = []
    kernel.execute_interactive(
        code, timeout=SECONDS, output_hook=lambda message: seen.append(message), store_history=False
    )
    return [
        {"type": each["msg_type"], **each["content"]}
        for each in seen
        if each["msg_type"] in ("display_data", "execute_result", "stream", "error")
    ]


def matches(kernel: BlockingKernelClient, line: str) -> list[str]:
    reply: dict[str, Any] = kernel.complete(line, len(line), reply=True, timeout=SECONDS)
    found: list[str] = reply["content"]["matches"]
    return found


def test_it_is_there_without_load_ext_and_shows_text_and_html(kernel: BlockingKernelClient) -> None:
    (shown,) = outputs(kernel, "%mlplat workspace show")
    assert shown["type"] == "execute_result"
    assert "Person" in shown["data"]["text/plain"]
    assert "<table>" in shown["data"]["text/html"]


def test_its_name_is_completed_before_its_first_use() -> None:
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=SECONDS)
    try:
        assert "%mlplat" in matches(client, "%mlpl")
        assert "workspace" in matches(client, "%mlplat work")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_commands_are_completed_level_by_level(kernel: BlockingKernelClient) -> None:
    outputs(kernel, "%mlplat workspace show")
    assert {"policy", "packages"} <= set(matches(kernel, "%mlplat p"))
    assert "show" in matches(kernel, "x = %mlplat policy sh")


def test_paths_are_completed_from_the_files_that_are_there(kernel: BlockingKernelClient, tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").touch()
    (tmp_path / "trains").mkdir()
    line = f"%mlplat handoff plan {tmp_path}/tr"
    assert matches(kernel, line) == [f"{tmp_path}/train.ipynb", f"{tmp_path}/trains/"]


def test_a_question_mark_shows_the_help(kernel: BlockingKernelClient) -> None:
    reply = kernel.execute_interactive("%mlplat?", timeout=SECONDS, output_hook=lambda message: None)
    (page,) = reply["content"]["payload"]
    assert "data search weld" in page["data"]["text/plain"]


def test_alone_it_says_what_there_is(kernel: BlockingKernelClient) -> None:
    text = "".join(each.get("text", "") for each in outputs(kernel, "%mlplat"))
    assert "handoff" in text
    assert "idle" in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%mlplat polcy show", "No such command 'polcy'"),
        ("%mlplat policy check /nowhere.toml", "There is no file /nowhere.toml."),
        ('%mlplat "', "The line was not understood"),
    ],
)
def test_a_failure_is_said_without_a_traceback(kernel: BlockingKernelClient, line: str, says: str) -> None:
    (shown,) = outputs(kernel, line)
    assert shown["type"] == "error"
    assert says in " ".join(shown["traceback"])
    assert "File " not in " ".join(shown["traceback"])
