"""The hand-off's runs of a demo folder. They outlive the servers on purpose, so who clears up must end them by name."""

from __future__ import annotations

import time

from jupyter_mlplatform.demo.folder import PEOPLE, DemoFolder
from jupyter_mlplatform.errors import Invalid, Unavailable
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import DEMO_VARIABLE, resolve

END_SECONDS = 20.0
FINAL = ("Succeeded", "Failed", "Stopped", "Interrupted")


def end_runs(folder: DemoFolder) -> None:
    """Stop what is still executing, as its author would, and wait for it. Raises ``Unavailable`` if it does not end."""
    deadline = time.monotonic() + END_SECONDS
    for person in PEOPLE:
        try:
            handoff = Services(*resolve({DEMO_VARIABLE: str(folder.home(person))})).handoff
        except Invalid:  # not seeded to its end, or edited by hand: there is nobody to ask
            continue
        while going := [
            run.id
            for run in handoff.runs(person.name).items
            if run.person == person.name and run.state.value not in FINAL
        ]:
            for run_id in going:
                handoff.cancel(person.name, run_id)
            if time.monotonic() > deadline:
                raise Unavailable(
                    "demo.run_goes_on",
                    f"The run {going[0]} does not stop.",
                    cause=f"It was asked to {END_SECONDS:.0f} s ago.",
                    next_step="Wait a little and try again.",
                )
            time.sleep(0.2)
