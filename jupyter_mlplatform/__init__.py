"""A governed ML workspace for JupyterLab: Jupyter's discovery hooks, the version, and ``load`` for Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlplatform.data import load, load_batches

__all__ = ["__version__", "load", "load_batches"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``load`` and ``load_batches`` come with their first use: a server's start has no time for them."""
    if name not in ("load", "load_batches"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jupyter_mlplatform import data

    return getattr(data, name)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-mlplatform"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_mlplatform.server import PlatformApp

    return [{"module": "jupyter_mlplatform", "app": PlatformApp}]
