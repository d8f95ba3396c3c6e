"""What the tabs tell of unsaved documents, through the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Call = Callable[..., Awaitable[tuple[int, Any]]]


def tabs(app: Any) -> Any:
    return app.web_app.settings["mlplatform_services"].idle.tabs


async def test_given_a_tab_tells_what_it_has_not_saved_then_it_is_known_until_it_has_saved(
    call: Call, jp_serverapp: Any
) -> None:
    assert (await call("POST", "idle/unsaved", {"client": "a", "paths": ["x.ipynb", "<b>.md"]}))[0] == 200
    request = tabs(jp_serverapp).ask()
    assert list(tabs(jp_serverapp).unsaved()) == ["<b>.md", "x.ipynb"]
    answer = {"client": "a", "request": request, "failed": {"<b>.md": "it is read-only"}}
    assert (await call("POST", "idle/saved", answer))[0] == 200
    assert tabs(jp_serverapp).unsaved() == {"<b>.md": "it is read-only"}
    assert (await call("POST", "idle/unsaved", {"client": "a"}))[0] == 200
    assert tabs(jp_serverapp).unsaved() == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("idle/unsaved", {}, 400),
        ("idle/unsaved", {"client": 7}, 400),
        ("idle/unsaved", {"client": "a", "paths": "x"}, 400),
        ("idle/unsaved", {"client": "a", "more": 1}, 400),
        ("idle/unsaved", {"client": "a", "paths": ["x"] * 501}, 413),
        ("idle/saved", {"client": "a"}, 400),
        ("idle/saved", {"client": "a", "request": "r", "failed": ["x"]}, 400),
        ("idle/saved", "{", 400),
    ],
)
async def test_given_something_that_makes_no_sense_then_it_is_refused(
    call: Call, jp_serverapp: Any, path: str, body: Any, status: int
) -> None:
    assert (await call("POST", path, body))[0] == status
    assert tabs(jp_serverapp).unsaved() == {}


async def test_telling_is_no_activity_of_a_person(call: Call, jp_serverapp: Any) -> None:
    settings = jp_serverapp.web_app.settings
    before = settings.get("api_last_activity")
    await call("POST", "idle/unsaved", {"client": "a"})
    await call("POST", "idle/saved", {"client": "a", "request": "r"})
    assert settings.get("api_last_activity") == before
