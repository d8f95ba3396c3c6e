"""The messages of a kernel, as its IOPub channel carries them."""

from __future__ import annotations

from typing import Any


def status(state: str, parent: str = "execute_request", identity: str = "cell", subshell: str | None = None) -> Any:
    header: dict[str, Any] = {"msg_type": parent, "msg_id": identity}
    if subshell:
        header["subshell_id"] = subshell
    return {"header": {"msg_type": "status"}, "parent_header": header, "content": {"execution_state": state}}


def message(kind: str, identity: str = "cell", **content: Any) -> Any:
    parent = {"msg_type": "execute_request", "msg_id": identity}
    return {"header": {"msg_type": kind}, "parent_header": parent, "content": content}
