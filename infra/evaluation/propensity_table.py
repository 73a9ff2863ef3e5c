"""A table of people as CSV: which column is the label, what the others are, and how they become numbers."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shared.errors import PermanentError, Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))
UNTOLD = MISSING - {"none", "?"}
"""Of labels: `none` may be one."""

YES = frozenset(("1", "1.0", "yes", "y", "true", "t"))
SEPARATORS = ",;\t|"
COMMA = re.compile(r"^(-?[0-9]+),([0-9]+)$")
"""A number as those write it; where commas divide columns, one inside a number divides its thousands."""

LEVELS = 30
"""Of a column of words, so many of the commonest are told apart; the rest are one."""

TEXT_SHARE = 0.5
"""A column of words that has more different ones than this share of its rows names each row rather than a kind."""

ID = re.compile(r"(^|[_ ])(id|key|uuid|guid|rownames|rowname|index|unnamed)(\b|_|$)|Id$|ID$", re.IGNORECASE)


class Column(NamedTuple):
    """One column; `numbers` are NaN where missing, and None if it is of words. Of words, missing ones are empty."""

    name: str
    words: list[str]
    numbers: Floats | None


class TableOfPeople(NamedTuple):
    """What was read.

    Attributes:
        labels: 1 where the label's column has the positive value.
        dropped: columns not used, each with the reason.
        chosen: what the column asked for beside them says, row by row; empty if none was.
        unlabelled: rows left out because the label's column says nothing.
    """

    columns: list[Column]
    labels: Floats
    positive: str
    dropped: dict[str, str]
    chosen: list[str]
    unlabelled: int


def read_table(path: str, label: str, positive: str | None, beside: str | None = None) -> TableOfPeople:
    """The table of this file. Raises PermanentError if it is none, or has no such column or value."""
    names, every = _read(path)
    for asked in filter(None, (label, beside)):
        if asked not in names:
            raise _refusal("column", f"one of {', '.join(names)}", asked)
    rows = [row for row in every if row[names.index(label)].strip().lower() not in UNTOLD]
    by_name = {name: [row[place].strip() for row in rows] for place, name in enumerate(names)}
    labels, chosen = by_name.pop(label), by_name.pop(beside) if beside else []
    value = positive or _guess(label, labels)
    if value not in labels:
        raise _refusal("positive", f"a value of {label}: {_shown(labels)}", value)
    read = [_column(name, words) for name, words in by_name.items()]
    reasons = {column.name: reason for column in read if (reason := _why_drop(column))}
    kept = [column for column in read if column.name not in reasons]
    if not kept:
        raise _refusal("table", "a column to learn from", "none but those dropped")
    return TableOfPeople(
        kept, np.array([word == value for word in labels], float), value, reasons, chosen, len(every) - len(rows)
    )


def encode(columns: Iterable[Column], learned: Ints) -> tuple[list[str], Floats]:
    """All rows as numbers, by what the rows learned from say of medians and words.

    One column a word, the first left out where there are two; a missing number is the median, and says so in a column.
    """
    names, found = [], []
    for column in columns:
        parts = _encode_words(column, learned) if column.numbers is None else _encode_numbers(column, learned)
        for name, values in parts:
            names.append(name)
            found.append(values)
    return names, np.column_stack(found)


def _encode_numbers(column: Column, learned: Ints) -> list[tuple[str, Floats]]:
    assert column.numbers is not None  # noqa: S101
    missing = np.isnan(column.numbers)
    known = column.numbers[learned][~missing[learned]]
    filled = np.where(missing, np.median(known) if len(known) else 0.0, column.numbers)
    lacks = [(f"{column.name} missing", missing.astype(float))] if missing[learned].any() else []
    return [(column.name, filled), *lacks]


def _encode_words(column: Column, learned: Ints) -> list[tuple[str, Floats]]:
    counts = Counter(column.words[row] for row in learned.tolist())
    levels = sorted(word for word, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:LEVELS])
    told = levels[1:] if len(counts) == 2 else levels
    words = np.array(column.words)
    return [(f"{column.name}={word or 'missing'}", (words == word).astype(float)) for word in told]


def _read(path: str) -> tuple[list[str], list[list[str]]]:
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            separator = _separator(file.readline())
            file.seek(0)
            names, *rows = [row for row in csv.reader(file, delimiter=separator) if row]
        if separator != "," and rows:
            rows = [[COMMA.sub(r"\1.\2", cell.strip()) for cell in row] for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise _refusal("table", "a CSV file with a line of names and one for each row", str(error)) from None
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise _refusal("table", f"{len(names)} values in line {number}", f"{len(row)}")
    if len(set(names)) != len(names):
        raise _refusal("table", "columns with names of their own", _shown(names))
    return names, rows


def _separator(head: str) -> str:
    """What divides the names; some countries' spreadsheets write semicolons, for their numbers have commas."""
    return max(SEPARATORS, key=lambda separator: len(next(csv.reader([head], delimiter=separator), [])))


def _column(name: str, words: list[str]) -> Column:
    clean = ["" if word.lower() in MISSING else word for word in words]
    try:
        numbers = np.array([float(word) if word else np.nan for word in clean])
    except ValueError:
        return Column(name, clean, None)
    return Column(name, clean, np.where(np.isfinite(numbers), numbers, np.nan))


def _why_drop(column: Column) -> str | None:
    distinct = len(set(column.words))
    if distinct == 1:
        return "the same in every row"
    if column.numbers is None:
        return "names rows: too many different words" if distinct > TEXT_SHARE * len(column.words) else None
    if distinct == len(column.words) and (ID.search(column.name) or _counts_up(column.numbers)):
        return "names rows: every value is there once"
    return None


def _counts_up(numbers: Floats) -> bool:
    return bool(np.isfinite(numbers).all() and (np.diff(np.sort(numbers)) == 1).all())


def _guess(label: str, labels: Sequence[str]) -> str:
    found = [word for word in sorted(set(labels)) if word.lower() in YES]
    if len(found) != 1:
        raise _refusal("positive", f"--positive and a value of {label}", _shown(labels))
    return found[0]


def _shown(words: Iterable[str]) -> str:
    common = [word or "(nothing)" for word, _ in Counter(words).most_common(6)]
    return ", ".join(common[:5]) + (", …" if len(common) > 5 else "")


def _refusal(field: str, expected: str, found: str) -> PermanentError:
    return PermanentError("unusable table", (Problem(field, expected, found[:200] or "nothing"),))
