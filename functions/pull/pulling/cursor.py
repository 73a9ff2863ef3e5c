"""How far a pull has come, kept as a document: what is published first and noted after is at worst published twice."""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from shared.stores.ports import ABSENT, Documents, Fields

COLLECTION = "cursors"


class Cursor(msgspec.Struct, frozen=True):
    """The place in every table that is being followed.

    Attributes:
        seen: the day of the last pull that came to the end.
        after: table → the instant (microseconds since 1970) up to which its rows are published.
        rows: table → how many rows it had when its end was reached; not there while it is being read.
        version: of the document; nobody else may have moved the cursor meanwhile.
    """

    seen: str = ""
    after: Mapping[str, float] = {}
    rows: Mapping[str, float] = {}
    version: str = ABSENT

    def at(self, table: str, after_us: int) -> "Cursor":
        """Within the table."""
        rows = {name: n for name, n in self.rows.items() if name != table}
        return msgspec.structs.replace(self, after={**self.after, table: float(after_us)}, rows=rows)

    def through(self, table: str, n: int) -> "Cursor":
        """At the end of the table, which had n rows."""
        return msgspec.structs.replace(self, rows={**self.rows, table: float(n)})

    def finished(self, today: date, days_back: timedelta) -> "Cursor":
        """At the end of all tables; those that will not change any more are forgotten."""
        last = f"{today - days_back:%Y%m%d}"
        after, rows = ({name: n for name, n in each.items() if name[-8:] >= last} for each in (self.after, self.rows))
        return msgspec.structs.replace(self, seen=today.isoformat(), after=after, rows=rows)


async def read_cursor(documents: Documents, name: str) -> Cursor:
    """The cursor of this name; at the beginning if there is none. Raises RetryableError."""
    document = await documents.get(COLLECTION, name)
    if document is None:
        return Cursor()
    return msgspec.convert({**document.fields, "version": document.version}, Cursor)


async def write_cursor(documents: Documents, name: str, cursor: Cursor) -> Cursor:
    """Keep the cursor. Raises ConflictError if somebody else has moved it."""
    fields: Fields = {"seen": cursor.seen, "after": dict(cursor.after), "rows": dict(cursor.rows)}
    version = await documents.put(COLLECTION, name, fields, cursor.version)
    return msgspec.structs.replace(cursor, version=version)
