"""What a user gets: one wheel that needs no Node and switches everything on by being installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT_PANEL = ROOT / "jupyter_mlplatform" / "labextension" / "static" / "style.js"

pytestmark = pytest.mark.slow


def without_node(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment with every folder that has a Node program taken off PATH."""
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if not any((Path(folder) / tool).exists() for tool in ("node", "jlpm", "npm"))]
    assert not shutil.which("node", path=os.pathsep.join(kept))
    return {**os.environ, "PATH": os.pathsep.join(kept), **(extra or {})}


def build(source: Path, kind: str, into: Path) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(into), str(source)]
    done = subprocess.run(command, env=without_node(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built the way a packager of the sdist would: sdist first, then the wheel from it, without Node."""
    assert BUILT_PANEL.exists(), "build the panel first: `make build`"
    sdist = build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(sdist, unpacked)
    (source,) = unpacked.iterdir()
    return build(source, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; its dependencies are lent by the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("user") / "env"
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run(command, env=without_node(), check=True)
    return folder


def run(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    lent = {"PYTHONPATH": sysconfig.get_paths()["purelib"], "JUPYTER_PREFER_ENV_PATH": "1"}
    return subprocess.run(
        [str(installed / "bin" / "python"), *words],
        env=without_node(lent),
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_the_panel_its_settings_and_the_typing_mark(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shared = [name.split(".data/data/", 1)[1] for name in names if ".data/data/" in name]
    assert "share/jupyter/labextensions/jupyter-mlplatform/package.json" in shared
    assert "share/jupyter/labextensions/jupyter-mlplatform/install.json" in shared
    assert any(name.startswith("share/jupyter/labextensions/jupyter-mlplatform/schemas/") for name in shared)
    assert "etc/ipython/ipython_config.json" in shared
    assert "jupyter_mlplatform/py.typed" in names
    assert "jupyter_mlplatform/events/access/v1.yaml" in names
    assert not [name for name in names if name.startswith(("tests", "node_modules", "labextension/"))]


def test_installing_enables_the_server_extension_and_the_panel(installed: Path) -> None:
    server = run(installed, "-m", "jupyter_server.extension.serverextension", "list")
    listed = server.stdout + server.stderr
    assert "jupyter_mlplatform" in listed
    assert "enabled" in next(line for line in listed.splitlines() if "jupyter_mlplatform" in line)
    lab = run(installed, "-m", "jupyterlab.labextensions", "list")
    line = next(line for line in (lab.stdout + lab.stderr).splitlines() if "jupyter-mlplatform" in line)
    assert "enabled" in line
    assert "OK" in line


def test_the_command_line_works_without_node(installed: Path) -> None:
    shown = run(installed, "-m", "jupyter_mlplatform.cli", "workspace", "show", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["place"] == "machine"
    assert (installed / "bin" / "mlplat").exists()
