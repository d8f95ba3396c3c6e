"""The same on a real account: skipped unless somebody names one. See docs/developers/testing.md.

``MLPLAT_LIVE`` is a TOML file::

    policy = "policy.toml"       # as it would be installed: access.aws, access.databases, catalogues
    person = "alice"             # whose data role is taken on
    purpose = "model-training"
    [[dataset]]
    id = "plant.weld"
    columns = ["gun", "force"]   # left out: all of them
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform import policy
from jupyter_mlplatform.wiring import utc_now
from tests.live.story import Story

NAMED = os.environ.get("MLPLAT_LIVE", "")
SETTINGS: dict[str, Any] = policy.read_toml(Path(NAMED), code="live.unreadable") if NAMED else {}
SECONDS = 5.0


@pytest.mark.skipif(not NAMED, reason="no AWS account: MLPLAT_LIVE names none")
@pytest.mark.parametrize("named", SETTINGS.get("dataset", [{"id": "none"}]), ids=lambda each: each["id"])
def test_a_grant_is_put_into_force_used_and_taken_away(named: dict[str, Any], tmp_path: Path) -> None:
    effective = policy.load([Path(NAMED).parent / SETTINGS["policy"]])
    story = Story(tmp_path, effective, SETTINGS["person"], utc_now, lambda: time.sleep(SECONDS))
    story.play(named["id"], SETTINGS["purpose"], tuple(named.get("columns", ())))
