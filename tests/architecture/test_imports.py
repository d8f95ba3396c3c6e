"""What starting costs: the libraries that a server or a help text must never load."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HEAVY = ["boto3", "botocore", "sagemaker", "pyarrow", "duckdb", "pandas", "sklearn", "numpy", "IPython"]

START_A_SERVER = """
    import asyncio, json, sys
    from jupyter_server.serverapp import ServerApp

    async def start():
        app = ServerApp.instance()
        app.initialize(argv=["--ServerApp.open_browser=False", "--port=0", "--allow-root", "--ip=127.0.0.1",
                             "--ServerApp.jpserver_extensions={'jupyter_mlplatform': True}"], find_extensions=False)
        await app.extension_manager.start_all_extensions()
        assert "mlplatform_services" in app.web_app.settings
        await asyncio.sleep(0)
        print(json.dumps([name for name in sys.argv[1].split(",") if name in sys.modules]))
        await app.extension_manager.stop_all_extensions()

    asyncio.run(start())
"""


def loaded(script: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), ",".join(HEAVY)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_starting_the_server_with_its_background_work_loads_nothing_heavy(tmp_path: Path) -> None:
    before = loaded("import json, sys\nimport jupyter_server.serverapp\nprint('[]')", tmp_path)
    assert before == []
    found = loaded(START_A_SERVER, tmp_path)
    assert [name for name in found if name != "IPython"] == []


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"], ["idle", "--help"], ["handoff", "--help"]])
def test_a_help_text_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    script = f"""
        import json, sys
        from jupyter_mlplatform.cli import main
        heavy = sys.argv[1].split(",")
        try:
            main({words!r})
        except SystemExit:
            pass
        print(json.dumps([name for name in heavy if name in sys.modules]))
    """
    assert loaded(script, tmp_path) == []
