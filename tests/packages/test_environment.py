from __future__ import annotations

from jupyter_mlplatform.packages.local.environment import ProcessEnvironment


def test_variables_are_as_before_once_they_are_no_longer_wanted_whoever_set_them() -> None:
    environ = {"PIP_CONFIG_FILE": "mine", "PATH": "/bin"}
    memory: dict[str, str | None] = {}
    ProcessEnvironment(environ, memory).use({"PIP_CONFIG_FILE": "ours", "CONDARC": "ours"})
    ProcessEnvironment(environ, memory).use({"PIP_CONFIG_FILE": "ours, moved"})
    assert environ == {"PIP_CONFIG_FILE": "ours, moved", "PATH": "/bin"}
    ProcessEnvironment(environ, memory).use({})
    ProcessEnvironment(environ, memory).use({})
    assert environ == {"PIP_CONFIG_FILE": "mine", "PATH": "/bin"}
