"""Documents in one SQLite file."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import getrandbits
from sqlite3 import Connection

import msgspec

from shared.errors import ConflictError
from shared.stores.embedded.sqlite import Database
from shared.stores.ports import ABSENT, Document, Fields, Write
from shared.stores.values import check_fields, check_key, check_size

SCHEMA = """
    CREATE TABLE IF NOT EXISTS documents (
        collection TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, fields BLOB NOT NULL,
        UNIQUE (collection, key)
    )
"""
SELECT = "SELECT version, fields FROM documents WHERE collection = ? AND key = ?"
CREATE = "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
REPLACE = "UPDATE documents SET fields = ?, version = version + 1 WHERE collection = ? AND key = ? AND version = ?"
UPSERT = """
    INSERT INTO documents VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET fields = excluded.fields, version = version + 1
"""
DELETE = "DELETE FROM documents WHERE collection = ? AND key = ?"
DELETE_VERSION = f"{DELETE} AND version = ?"
NEXT_PAGE = "SELECT key, version, fields FROM documents WHERE collection = ? AND key > ? ORDER BY key LIMIT 500"


class EmbeddedDocuments:
    """Implements Documents."""

    def __init__(self, path: Path, deadline: timedelta) -> None:
        self.counts: Counter[str] = Counter()
        self._database = Database(path, SCHEMA, deadline)

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:  # noqa: ARG002
        return (await self.get_many(collection, [key])).get(key)

    async def get_many(self, collection: str, keys: Sequence[str]) -> dict[str, Document]:
        for key in keys:
            check_key(key)
        self.counts["reads"] += len(keys)
        with self._database.statement() as connection:
            rows = {key: connection.execute(SELECT, (collection, key)).fetchone() for key in keys}
        return {key: _document(*row) for key, row in rows.items() if row}

    async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
        [new] = await self.put_all([Write(collection, key, fields, version)])
        return new

    async def put_all(self, writes: Sequence[Write]) -> list[str]:
        encoded = [None if write.fields is None else _encode(write.key, write.fields) for write in writes]
        self.counts["writes"] += len(writes)
        with self._database.transaction() as connection:
            return [_put(connection, write, data) for write, data in zip(writes, encoded, strict=True)]

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        self.counts["writes"] += len(documents)
        with self._database.transaction() as connection:
            for key, fields in documents.items():
                row = connection.execute(SELECT, (collection, key)).fetchone()
                data = _encode(key, {**(_document(*row).fields if row else {}), **fields})
                connection.execute(UPSERT, (collection, key, _first_version(), data))

    async def delete(self, collection: str, keys: Sequence[str]) -> None:
        for key in keys:
            check_key(key)
        self.counts["writes"] += len(keys)
        with self._database.transaction() as connection:
            connection.executemany(DELETE, [(collection, key) for key in keys])

    async def scan(self, collection: str) -> AsyncIterator[tuple[str, Document]]:
        last = ""
        while True:
            with self._database.statement() as connection:
                page = connection.execute(NEXT_PAGE, (collection, last)).fetchall()
            if not page:
                return
            self.counts["reads"] += len(page)
            for key, version, data in page:
                yield key, _document(version, data)
            last = page[-1][0]

    async def close(self) -> None:
        self._database.close()


def _put(connection: Connection, write: Write, data: bytes | None) -> str:
    collection, key, _, version = write
    new: int | str
    if data is None:
        new = ABSENT
        written = connection.execute(DELETE_VERSION, (collection, key, int(version))).rowcount
    elif version == ABSENT:
        new = _first_version()
        written = connection.execute(CREATE, (collection, key, new, data)).rowcount
    else:
        new = int(version) + 1
        written = connection.execute(REPLACE, (data, collection, key, int(version))).rowcount
    if not written:
        raise ConflictError(f"{collection}: a document is no longer at version {version or 'ABSENT'}")
    return str(new)


def _first_version() -> int:
    # Random, so that a document deleted and created again never returns to a version that somebody still holds.
    return getrandbits(62)


def _encode(key: str, fields: Fields) -> bytes:
    check_key(key)
    check_fields(fields)
    data = msgspec.msgpack.encode(fields)
    check_size(len(data))
    return data


def _document(version: int, data: bytes) -> Document:
    return Document(msgspec.msgpack.decode(data), str(version))
