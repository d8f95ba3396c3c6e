"""``%%mlplat sql`` and ``%mlplat load --as`` in a real kernel, by a person who owns the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

SECONDS = 60
PRESSES_STOP = """
import os, signal, threading

def press():
    while not any(thread.name == "mlplat-sql" for thread in threading.enumerate()):
        threading.Event().wait(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
"""
Kernel = tuple[KernelManager, BlockingKernelClient]


@pytest.fixture
def kernel(empty_home: Path, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel whose person has registered a dataset of a thousand rows."""
    table = pyarrow.table({"gun": list(range(1000)), "force": [number / 10 for number in range(1000)]})
    pyarrow.parquet.write_table(table, tmp_path / "weld.parquet")
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=SECONDS, cwd=str(tmp_path))
    (said,) = cell(client, "%mlplat data register weld.parquet --id weld_guns")
    assert "is registered" in said["data"]["text/plain"]
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def cell(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """The display data, results, streams and errors of one cell."""
    seen: list[dict[str, Any]] = []
    client.execute_interactive(code, timeout=SECONDS, output_hook=seen.append, store_history=False)
    kinds = ("display_data", "execute_result", "stream", "error")
    return [{"type": each["msg_type"], **each["content"]} for each in seen if each["msg_type"] in kinds]


def plain(output: dict[str, Any]) -> str:
    return str(output["data"]["text/plain"])


def test_the_rest_of_the_cell_is_a_query_and_its_result_gets_a_name(kernel: Kernel) -> None:
    _, client = kernel
    (line,) = cell(client, "%%mlplat sql strong --as polars\n-- the strongest\nSELECT max(force) AS f\nFROM weld_guns")
    assert plain(line).startswith("strong: 1 rows × 1 columns from weld_guns (your own)")
    (value,) = cell(client, "type(strong).__module__.split('.')[0], strong['f'][0]")
    assert plain(value) == "('polars', 99.9)"


def test_without_a_name_the_result_is_shown(kernel: Kernel) -> None:
    _, client = kernel
    line, result = cell(client, "%%mlplat sql\nSELECT count(*) AS n FROM weld_guns")
    assert "1 rows × 1 columns" in plain(line)
    assert (result["type"], "1000" in plain(result)) == ("execute_result", True)


def test_a_result_can_be_loaded_in_another_form(kernel: Kernel) -> None:
    _, client = kernel
    cell(client, "df = %mlplat load weld_guns --as arrow --where 'gun<5'")
    (value,) = cell(client, "df.num_rows, type(df).__name__")
    assert plain(value) == "(5, 'Table')"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("%%mlplat sql\nSELECT * FROM read_csv('/etc/passwd')", "A query here cannot use read_csv()."),
        ("%%mlplat sql\nDROP TABLE weld_guns", "Only one SELECT statement"),
        ("%%mlplat sql class\nSELECT 1", "'class' cannot be the name of a variable."),
        ("%%mlplat data search\nweld", "This command does not take a cell."),
        ("%%mlplat sql\nSELECT * FROM weld_gun", "weld_gun"),
    ],
)
def test_a_failure_is_said_without_a_traceback(kernel: Kernel, code: str, says: str) -> None:
    _, client = kernel
    (shown,) = cell(client, code)
    assert shown["type"] == "error"
    assert says in " ".join(shown["traceback"])
    assert "File " not in " ".join(shown["traceback"])


def test_stop_ends_a_query_and_the_kernel_goes_on_without_its_thread(kernel: Kernel) -> None:
    _, client = kernel
    cell(client, PRESSES_STOP)
    query = "SELECT sum(sin(a.range + b.range)) FROM range(10000000) AS a, range(1000000) AS b"
    shown = cell(client, f"%%mlplat sql\n{query}")[-1]
    assert shown["type"] == "error"
    assert "Interrupted." in " ".join(shown["traceback"])
    (value,) = cell(client, "any(thread.name == 'mlplat-sql' for thread in threading.enumerate())")
    assert plain(value) == "False"


def test_every_query_is_in_the_trail(kernel: Kernel) -> None:
    _, client = kernel
    cell(client, "%%mlplat sql\nSELECT gun FROM weld_guns LIMIT 1")
    cell(client, "%mlplat load weld_guns")
    (shown,) = cell(client, "%mlplat audit export --json")
    assert plain(shown).count("data.loaded") == 2
