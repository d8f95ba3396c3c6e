"""Objects of S3 behind the strict AWS: to be read whole or in ranges, and listed in pages.

Documented (S3's API reference): keys are listed in the order of their UTF-8 bytes; a range that begins behind the end
is ``InvalidRange``; an answer to HEAD has no body, so that an error's code is not in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tests.aws.stand_in import Refusal
from tests.aws.strict import Call, StrictAws

_LOWER = "enabled"
"""Assumed: S3 takes this word in lower case, which the model has not; AWS's own library for C++ writes it so."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Object(NamedTuple):
    """What lies below one key."""

    body: bytes
    changed: datetime

    @property
    def etag(self) -> str:
        """Documented: of an object that was written in one part it is the MD5 of the content, in quotes."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


@dataclass
class State:
    """Objects by bucket and key."""

    buckets: dict[str, dict[str, Object]] = field(default_factory=dict)


class S3Objects:
    """GetObject, HeadObject, HeadBucket and ListObjectsV2. ``page_size`` is the longest page."""

    def __init__(self, aws: StrictAws) -> None:
        self._aws = aws
        self.state = State()
        self.page_size = 1000
        endpoint = aws.service("s3")
        endpoint.hold(self)
        modes = endpoint.model.shape_for("ChecksumMode").enum
        if _LOWER not in modes:
            modes.append(_LOWER)
        for name, behaviour in {
            "GetObject": self._get,
            "HeadObject": self._head,
            "HeadBucket": self._bucket,
            "ListObjectsV2": self._list,
        }.items():
            endpoint.on(name, behaviour)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """A new object in the place of the old one."""
        self.state.buckets.setdefault(bucket, {})[key] = Object(body, self._aws.now())

    def keys_read(self) -> set[str]:
        """Keys of which some content went over the wire."""
        return {call.input["Key"] for call in self._aws.asked("GetObject") if call.outcome == "ok"}

    def _found(self, request: dict[str, Any]) -> Object:
        bucket = self.state.buckets.get(request["Bucket"])
        if bucket is None:
            raise Refusal("NoSuchBucket", 404)
        if request["Key"] not in bucket:
            raise Refusal("NoSuchKey", 404)
        return bucket[request["Key"]]

    def _head(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self._found(request)
        return {
            "ETag": found.etag,
            "ContentLength": len(found.body),
            "LastModified": found.changed,
            "AcceptRanges": "bytes",
        }

    def _get(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self._found(request)
        told = {"ETag": found.etag, "LastModified": found.changed, "AcceptRanges": "bytes"}
        asked = _RANGE.fullmatch(request.get("Range", ""))
        if asked is None:
            return {**told, "Body": found.body}
        start, last = _ends(asked, len(found.body))
        part = found.body[start : last + 1]
        return {**told, "Body": part, "ContentRange": f"bytes {start}-{last}/{len(found.body)}"}

    def _bucket(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        if request["Bucket"] not in self.state.buckets:
            raise Refusal("NoSuchBucket", 404)
        return {}

    def _list(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        bucket = self.state.buckets.get(request["Bucket"])
        if bucket is None:
            raise Refusal("NoSuchBucket", 404)
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        after = request.get("StartAfter", "")
        if token := request.get("ContinuationToken"):
            after = base64.b64decode(token).decode()
        size = min(request.get("MaxKeys", 1000), self.page_size)
        shown: dict[str, Object | None] = {}
        for key, each in sorted(bucket.items(), key=lambda item: item[0].encode()):
            if key.startswith(prefix):
                head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
                shown.setdefault(prefix + head + cut if cut else key, None if cut else each)
        names = [name for name in shown if name > after]
        here = names[:size]
        answer: dict[str, Any] = {
            "Name": request["Bucket"],
            "Prefix": prefix,
            "MaxKeys": size,
            "KeyCount": len(here),
            "IsTruncated": len(names) > size,
            "Contents": [_listed(name, found) for name in here if (found := shown[name]) is not None],
            "CommonPrefixes": [{"Prefix": name} for name in here if shown[name] is None],
        }
        more = {"NextContinuationToken": base64.b64encode(here[-1].encode()).decode()} if len(names) > size else {}
        return {**answer, **more}


def _listed(name: str, found: Object) -> dict[str, Any]:
    return {"Key": name, "ETag": found.etag, "Size": len(found.body), "LastModified": found.changed}


def _ends(asked: re.Match[str], size: int) -> tuple[int, int]:
    start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if start >= size:
        raise Refusal("InvalidRange", 416)
    return start, last
