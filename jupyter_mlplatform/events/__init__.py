"""What we announce through jupyter_events: one folder a feature, one YAML schema a version.

A schema never changes once it is released; a new form is a new file.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_events import EventLogger

FOLDER = Path(__file__).parent
ADDRESS = "https://schema.jupyter-mlplatform.dev"
ACCESS = f"{ADDRESS}/access/v1"
HANDOFF = f"{ADDRESS}/handoff/v1"
IDLE = f"{ADDRESS}/idle/v1"


def register(logger: EventLogger) -> None:
    """Make every schema known to a server's event logger; a second time changes nothing."""
    for schema_id in (ACCESS, HANDOFF, IDLE):
        if schema_id not in logger.schemas:
            feature, version = schema_id.removeprefix(f"{ADDRESS}/").split("/")
            logger.register_event_schema(FOLDER / feature / f"{version}.yaml")
