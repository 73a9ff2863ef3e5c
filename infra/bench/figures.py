"""Figures as values: medians and ratios, tables of them, and the same tables as data."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from infra.bench.promises import Promise

Value = str | int | float | None
"""A cell. None is what could not be measured, and prints as nothing."""


class Grid(NamedTuple):
    """A table: its title, its columns, and its rows with a value for each column."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


class Result(NamedTuple):
    """What a benchmark has found.

    Attributes:
        notes: what a reader must know about the tables.
        promises: those with a number, held or not.
        failures: promises that did not hold. How fast something is never is one, but how fresh an answer is.
    """

    grids: Sequence[Grid]
    notes: Sequence[str] = ()
    failures: Sequence[str] = ()
    promises: Sequence[Promise] = ()


def median(samples: Sequence[float | None]) -> float | None:
    """The median of the samples there are, or None.

    >>> median([3.0, None, 1.0, 2.0])
    2.0
    """
    present = [sample for sample in samples if sample is not None]
    return statistics.median(present) if present else None


def ratio(samples: Sequence[float | None], base: Sequence[float | None]) -> float | None:
    """The median over rounds of sample / base. Both were measured in the same rounds, so that noise meets them alike.

    >>> ratio([2.0, 40.0, 3.0], [1.0, 10.0, 2.0])
    2.0
    """
    pairs = zip(samples, base, strict=True)
    return median([sample / under if sample is not None and under else None for sample, under in pairs])


def promised(promises: Sequence[Promise]) -> Grid:
    """The promises as a table."""
    rows = [[one.what, one.promised, one.found, "yes" if one.is_held else "no"] for one in promises]
    return Grid("promises", ("what", "promised", "found", "held"), rows)


def show(value: Value) -> str:
    """A cell as a person reads it: three or so significant digits.

    >>> [show(value) for value in (None, "floor", 26000, 1234.5, 56.78, 1.2345, 0.01234)]
    ['', 'floor', '26,000', '1,234', '56.8', '1.23', '0.0123']
    """
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    return f"{value:,.{digits}f}"


def is_number(grid: Grid, column: int) -> bool:
    """Whether the column holds numbers, which are set to the right."""
    cells = [row[column] for row in grid.rows if row[column] is not None]
    return bool(cells) and not any(isinstance(cell, str) for cell in cells)


def as_data(result: Result) -> dict[str, Any]:
    """The result as JSON values: every table under its title as a list of records."""
    tables = {
        grid.title: [dict(zip(map(_name, grid.columns), row, strict=True)) for row in grid.rows]
        for grid in (*result.grids, *([promised(result.promises)] if result.promises else ()))
    }
    return {"tables": tables, "notes": list(result.notes), "failures": list(result.failures)}


def report(machine: Mapping[str, Any], results: Mapping[str, Result], options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a run has found, as JSON values."""
    return {"machine": machine, "options": options, **{name: as_data(result) for name, result in results.items()}}


def _name(column: str) -> str:
    """A column's heading as a key.

    >>> _name("p50 ms"), _name("req/s × floor")
    ('p50_ms', 'req_s_x_floor')
    """
    return "_".join(column.lower().replace("×", "x").replace("/", " ").split())
