"""A governed ML workspace for JupyterLab: Jupyter's discovery hooks, the version, and ``load`` for Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlplatform.data import load, load_batches
    from jupyter_mlplatform.data_session import environment, session

__all__ = ["__version__", "environment", "load", "load_batches", "session"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What is for Python code comes with its first use: a server's start has no time for it."""
    if name in ("load", "load_batches"):
        from jupyter_mlplatform import data

        return getattr(data, name)
    if name in ("environment", "session"):
        from jupyter_mlplatform import data_session

        return getattr(data_session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-mlplatform"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_mlplatform.server import PlatformApp

    return [{"module": "jupyter_mlplatform", "app": PlatformApp}]
