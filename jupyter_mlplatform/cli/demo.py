"""``mlplat demo``: the one story on this machine, with two people and made-up data, all of it in one folder."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from jupyter_mlplatform import policy
from jupyter_mlplatform.cli.answer import Answer, Line, Tone
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.workspace import check_demo_allowed

if TYPE_CHECKING:
    from jupyter_mlplatform.demo.folder import DemoFolder


@command(click.Group(), "demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-workspace"),
    show_default=True,
    help="Where everything of the demo lies; nothing is written anywhere else.",
)
@click.option("--reset", is_flag=True, help="Stop the demo of this folder and remove the folder.")
@click.option("--story", is_flag=True, help="Play the story without a browser, print it, and end.")
@click.option("--no-browser", is_flag=True, help="Print the addresses only.")
@click.option("--port", type=click.IntRange(1024, 65534), default=None, help="Port of alice; bob gets the next one.")
def group(session: Session, folder: Path, reset: bool, story: bool, no_browser: bool, port: int | None) -> Answer:
    """Two people, a catalogue, a notebook and a hand-off on this machine, to try everything out.

    Alice (a data scientist) and bob (the owner of the data) each get a JupyterLab of their own. Both run under your
    own account, so what separates them here is advice, not protection.
    """
    from jupyter_mlplatform.demo.folder import DemoFolder
    from jupyter_mlplatform.demo.seed import seed
    from jupyter_mlplatform.demo.servers import check_installed

    if session.notebook:
        raise Invalid(
            "demo.in_notebook",
            "The demo does not run inside a notebook.",
            cause="It starts servers and waits for them.",
            next_step="Run 'mlplat demo' in a terminal.",
        )
    place = DemoFolder(folder)
    check_demo_allowed(policy.load())
    if reset:
        return _reset(place)
    check_installed()
    seed(place)
    say = session.say if session.json else click.echo
    with _ended_in_order():
        if story:
            return _story(place, port or 0, say)
        return _lab(place, port or 0, say, browser=not no_browser)


def _reset(place: DemoFolder) -> Answer:
    from jupyter_mlplatform.demo.runs import end_runs
    from jupyter_mlplatform.demo.servers import DemoServers

    if place.marker.is_file():
        DemoServers(place).stop()
        end_runs(place)
    removed = place.remove()
    text = f"{place.root} was removed." if removed else f"There is no {place.root}, so nothing was removed."
    return Answer({"folder": str(place.root), "removed": removed}, Line(text, Tone.GOOD))


def _story(place: DemoFolder, port: int, say: Callable[[str], None]) -> Answer:
    from jupyter_mlplatform.demo.folder import SEPARATION
    from jupyter_mlplatform.demo.runs import end_runs
    from jupyter_mlplatform.demo.servers import DemoServers
    from jupyter_mlplatform.demo.story import Story

    servers = DemoServers(place)
    say(f"Starting two workspaces in {place.root} …")
    try:
        servers.start(port)
        told = Story({name: server.client for name, server in servers.each.items()}, say).play()
    finally:
        servers.stop(started_only=True)
        if not servers.running():  # else somebody works here, and their runs are not ours to end
            end_runs(place)
    return Answer(
        told,
        Line("The story is told.", Tone.GOOD),
        Line(SEPARATION, Tone.QUIET),
        Line(f"See the result in JupyterLab: {_program()} demo --folder {place.root}"),
    )


def _lab(place: DemoFolder, port: int, say: Callable[[str], None], *, browser: bool) -> Answer:
    from jupyter_mlplatform.demo.folder import SEPARATION
    from jupyter_mlplatform.demo.servers import DemoServers

    servers = DemoServers(place)
    servers.start(port)
    ended = ""
    try:
        for server in servers.each.values():
            say(f"{server.person.name:>6}  {server.person.role:<18} {server.page}")
        say("Be alice in one window of your browser and bob in another. Ctrl-C stops both.")
        say(SEPARATION)
        if browser and _has_desktop():
            for server in servers.each.values():
                webbrowser.open(server.opener.as_uri())
        ended = servers.watch()
    except KeyboardInterrupt:
        say("Stopping …")
    finally:
        servers.stop()
    why = f"{ended.capitalize()}'s server has ended, so both were stopped." if ended else "Both servers have stopped."
    kept = f"Everything is kept in {place.root}; 'mlplat demo --reset' removes it."
    return Answer({"folder": str(place.root), "ended": ended}, Line(why), Line(kept, Tone.QUIET))


def _program() -> str:
    """How this person can start us: by name, or by path when the environment is not activated."""
    return "mlplat" if shutil.which("mlplat") else str(Path(sys.executable).with_name("mlplat"))


def _has_desktop() -> bool:
    """Whether a browser that is opened here would be seen by anybody."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Being asked to end, or losing the terminal, is taken like Ctrl-C: what was started is stopped first."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
