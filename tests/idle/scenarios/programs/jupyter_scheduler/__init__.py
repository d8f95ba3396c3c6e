"""A stand-in for jupyter-scheduler: that it is loaded, and where its database lies. It runs nothing."""

from pathlib import Path
from types import SimpleNamespace

from jupyter_core.paths import jupyter_data_dir


def _jupyter_server_extension_points():
    return [{"module": "jupyter_scheduler"}]


def _load_jupyter_server_extension(app):
    url = f"sqlite:///{Path(jupyter_data_dir(), 'scheduler.sqlite')}"
    app.web_app.settings["scheduler"] = SimpleNamespace(db_url=url, task_runner=object())
