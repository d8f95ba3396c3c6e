"""What every test has: an empty home, no policy of this machine, and no way to the person's own configuration."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from jupyter_mlplatform import policy

pytest_plugins = ["pytest_jupyter.jupyter_server"]
# A process that a shell has started in the background is deaf to interrupts, and so are all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("thorough", max_examples=1000)  # ten times what is usual: --hypothesis-profile=thorough


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it, for this process and every process that the test starts."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name, folder in {
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",
        "XDG_CACHE_HOME": "cache",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter",
        "JUPYTER_DATA_DIR": "jupyter-data",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }.items():
        monkeypatch.setenv(name, str(home / folder))
    for name in ("MLPLAT_DEMO", "RESOURCE_METADATA_FILE", "JUPYTERHUB_USER", "JUPYTERHUB_API_URL", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(autouse=True)
def policy_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test may put a policy; the machine's own policy is never read."""
    path = tmp_path / "etc" / "policy.toml"
    path.parent.mkdir()
    monkeypatch.setattr(policy, "system_paths", lambda: (path,))
    return path


@pytest.fixture
def python() -> str:
    """The interpreter that runs the tests."""
    return sys.executable
