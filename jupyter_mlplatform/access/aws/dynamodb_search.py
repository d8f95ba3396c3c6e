"""Search over a table that has no words in it: an index on this machine that follows what is written to the table.

Every commit that writes datasets leaves a numbered note of which; before each search the notes since the last one are
taken over. The index can be thrown away at any time: it is made again from the table.
"""

from __future__ import annotations

import json

from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_wire import Wire
from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.ports import Store

CURSOR = ":changes"
AT_ONCE = 500
"""Notes that are taken over in one step."""


class Mirror:
    """Keeps ``index``, a store of this machine that is used for nothing else, up to the table's datasets."""

    def __init__(self, wire: Wire, index: Store) -> None:
        self._wire = wire
        self.index = index

    def follow(self) -> Store:
        """The index, as new as the table was when this was called."""
        while self._step():
            continue
        return self.index

    def _step(self) -> bool:
        """Take over some notes; whether there may be more."""
        cursor = int(self.index.entries().get(CURSOR, "0"))
        last, changed = cursor, dict[str, None]()
        for count, item in enumerate(self._wire.query(items.CHANGES, after=items.numbered(cursor)), 1):
            last = int(item["sk"])
            changed |= dict.fromkeys(json.loads(item["body"]))
            if count == AT_ONCE:
                break
        if last == cursor:
            return False
        found = self._wire.many(map(items.dataset_key, changed))
        with self.index.unit() as unit:
            # Another process of this machine may have been faster, and have taken over something newer.
            if int(unit.entry(CURSOR) or "0") != cursor:
                return True
            for key in map(items.dataset_key, changed):
                if key in found:
                    unit.put_dataset(items.read(found[key], Dataset))
            unit.note_entry(CURSOR, str(last))
        return True
