"""CSV files as inputs: what REES46's files and canonical ones have in common."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from infra.local.inputs.files import Row, check_file, is_small, last_rows, read_rows
from infra.local.inputs.input import Fields, Input, Survey, survey, time_of
from shared.errors import PermanentError, Problem

Convert = Callable[[Row], Fields]
"""A row's cells → the event to send."""

NEVER = datetime(1, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def open_table(name: str, licence: str | None, path: Path, choose: Callable[[Row], Convert]) -> Input:
    """The file as an input. `choose` reads the header and raises PermanentError if events cannot be made under it.

    Small files are put into time order where they are not. Large ones are sent as they lie, in constant memory.
    """
    check_file(path)
    with closing(read_rows(path)) as rows:
        header = [cell.strip() for cell in next(rows, [])]
    convert = choose(header)
    convert_checked = _checked(len(header), convert)

    def look() -> Survey:
        if is_small(path):
            return survey(_read(path, convert_checked))
        return Survey(None, _last_time(path, convert_checked))

    def read() -> Iterator[Fields]:
        return _read(path, convert_checked) if opened.survey.ordered else _read_sorted(path, convert_checked)

    opened = Input(name, licence, read, look)
    return opened


def require_columns(header: Row, groups: tuple[tuple[str, ...], ...], expected: str) -> None:
    """Raises PermanentError unless the header has, of each group, at least one column."""
    missing = [" or ".join(group) for group in groups if not set(group) & set(header)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or twice:
        lack = [f"no {name}" for name in missing] + [f"{name} twice" for name in twice]
        found = f"{', '.join(lack)} among {', '.join(header)[:300] or 'nothing'}"
        raise PermanentError("cannot read the input", (Problem("header", expected, found),))


def row_id(row: Row) -> str:
    """An event id that only an identical row has."""
    return blake2b("\x1f".join(row).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def number(text: str) -> float | int | str:
    """The number that the text is; the text where it is rather a code: leading zeros, more digits than a float holds.

    >>> number("35.79"), number("3"), number("2103807459595387724"), number("007"), number("nan")
    (35.79, 3, '2103807459595387724', '007', 'nan')
    """
    if len(text) > 16 or not NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def _checked(width: int, convert: Convert) -> Convert:
    """A row of another width has lost its columns: it goes out as `row`, which collect refuses and counts."""

    def checked(row: Row) -> Fields:
        return convert(row) if len(row) == width else {"event_id": row_id(row), "row": row}

    return checked


def _read(path: Path, convert: Convert) -> Iterator[Fields]:
    rows = read_rows(path)
    next(rows, None)
    return map(convert, rows)


def _read_sorted(path: Path, convert: Convert) -> Iterator[Fields]:
    rows = read_rows(path)
    next(rows, None)
    # Rows are sorted rather than events: their text takes a fraction of the memory. Those without a time go first.
    return map(convert, sorted(rows, key=lambda row: time_of(convert(row)) or NEVER))


def _last_time(path: Path, convert: Convert) -> datetime | None:
    times = (time_of(convert(row)) for row in reversed(last_rows(path)))
    return next((time for time in times if time is not None), None)
