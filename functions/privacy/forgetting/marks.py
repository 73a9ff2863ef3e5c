"""Marks: hashes of people's keys, which say of a row whether it is theirs when nobody keeps the key any more."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice

from shared.profiles.profile import to_ms

Persons = Mapping[str, int]
"""Key of a person (`u:…`, `a:…`) → what occurred until then, in ms since 1970, is meant."""

Marks = Mapping[str, int]
"""The same by mark."""

FOREVER_MS = to_ms(datetime(9999, 12, 31, tzinfo=UTC))
MARKS_PER_QUERY = 2_000  # some 100 bytes each; BigQuery takes a query of 1 MB


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
    """The marks as SQL. Only digits are put into the text, so that nobody's id can be a statement."""
    rows = (
        f"SELECT {one[0] == 'u'} AS is_user, '{int(one[1:], 16):064x}' AS hash, "
        f"TIMESTAMP_MICROS({until_ms * 1_000 + 999}) AS until"
        for one, until_ms in marks.items()
    )
    return f"({' UNION ALL '.join(rows)})"
