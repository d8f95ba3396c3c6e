"""Face 1: the Jupyter Server extension."""

from __future__ import annotations

from jupyter_mlplatform.server.app import PlatformApp

__all__ = ["PlatformApp"]
