"""A governed ML workspace for JupyterLab: Jupyter's discovery hooks and the version, nothing else."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-mlplatform"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_mlplatform.server import PlatformApp

    return [{"module": "jupyter_mlplatform", "app": PlatformApp}]
