"""Marks: hashes of people's keys, which say of a row whether it is theirs when nobody keeps the key any more."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice

from shared.profiles.profile import to_ms

Persons = Mapping[str, int]
"""Key of a person → what occurred until then, in ms since 1970, is meant.

`u:…` is a user; `a:…` a device, with everything that names it; `s:…` a share of a device that is others', too: what it
sent while nobody was logged in.
"""

Marks = Mapping[str, int]
"""The same by mark."""

MARK = re.compile("[uas][0-9a-f]{64}")
FOREVER_MS = to_ms(datetime(9999, 12, 31, tzinfo=UTC))
MARKS_PER_QUERY = 2_000  # 82 bytes each, up to four times in a query; BigQuery takes one of 1 MB


def mark(person: str) -> str:
    """The kind of the key, and the SHA-256 of the id in hexadecimal: BigQuery, DuckDB and Python all have it.

    >>> mark("u:ann")[:12]
    'u49915e0d7d4'
    """
    return person[0] + sha256(person[2:].encode()).hexdigest()


def marks_of(persons: Persons) -> dict[str, int]:
    """The marks of these people."""
    return {mark(person): until_ms for person, until_ms in persons.items()}


def union(several: Iterable[Marks]) -> dict[str, int]:
    """All of them; of one that is there twice the longer."""
    found: dict[str, int] = {}
    for marks in several:
        for one, until_ms in marks.items():
            found[one] = max(until_ms, found.get(one, 0))
    return found


def chunks(marks: Marks) -> Iterator[dict[str, int]]:
    """As many at a time as fit into one query."""
    rest = iter(marks.items())
    while some := dict(islice(rest, MARKS_PER_QUERY)):
        yield some


def relation(marks: Marks) -> str:
    """The marks as SQL: one literal, for a statement has no parameters, and a list of thousands takes long to parse.

    Raises ValueError for what is no mark: nobody's id can be a statement.
    """
    if wrong := [one for one in marks if not MARK.fullmatch(one)]:
        raise ValueError(f"expected marks, found {len(wrong)} others")
    text = ",".join(f"{one}{until_ms * 1_000 + 999}" for one, until_ms in marks.items())
    return (
        "(SELECT SUBSTR(one, 1, 1) AS kind, SUBSTR(one, 2, 64) AS hash,"
        " TIMESTAMP_MICROS(CAST(SUBSTR(one, 66) AS INT64)) AS until"
        f" FROM UNNEST(SPLIT('{text}', ',')) AS one)"
    )
