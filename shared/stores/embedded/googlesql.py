"""GoogleSQL for DuckDB: sqlglot translates, and these rules correct what it leaves different.

Each rule has a case in tests/contract/test_googlesql.py, which runs on both backends.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import sqlglot
from sqlglot import exp


class Statement(NamedTuple):
    """One statement for DuckDB, and the names of its parameters."""

    sql: str
    parameters: frozenset[str]


@lru_cache(maxsize=1_000)
def translate(text: str) -> tuple[Statement, ...]:
    """The statements of a script. Raises ValueError for what the embedded warehouse does not speak."""
    try:
        trees = [tree for tree in sqlglot.parse(text, read="bigquery") if tree is not None]
        return tuple(_statement(tree) for tree in trees)
    except (sqlglot.ParseError, sqlglot.UnsupportedError) as error:
        raise ValueError(f"GoogleSQL expected, as far as the embedded warehouse speaks it: {error}") from error


def _statement(tree: exp.Expr) -> Statement:
    if isinstance(tree, exp.Command | exp.Declare):
        raise ValueError(f"scripting is for BigQuery only: {tree.sql('bigquery')}")
    # From the leaves to the root, so that a rule finds the insides of its node translated.
    for node in reversed(list(tree.walk())):
        if rule := RULES.get(type(node)):
            rule(node)
    sql = tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    return Statement(sql, frozenset(parameter.name for parameter in tree.find_all(exp.Parameter)))


def _call(name: str, *arguments: exp.Expr | int) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[exp.convert(argument) for argument in arguments])


def _literal(node: exp.Expr) -> None:
    """1.5 is FLOAT64 in GoogleSQL, DECIMAL in DuckDB, 1.5e0 DOUBLE."""
    if not node.args["is_string"] and "." in node.name and "e" not in node.name.lower():
        node.set("this", f"{node.name}e0")


def _multiply(node: exp.Expr) -> None:
    """An integer has 64 bits, in DuckDB a small literal 32."""
    if isinstance(node.this, exp.Literal) and node.this.is_int:
        node.this.replace(exp.cast(node.this.copy(), "BIGINT"))


def _int_div(node: exp.Expr) -> None:
    """DIV is a function there and an operator here, so it and what it is of need brackets."""
    node.replace(exp.paren(exp.IntDiv(this=exp.paren(node.this.copy()), expression=exp.paren(node.expression.copy()))))


def _data_type(node: exp.Expr) -> None:
    """NUMERIC has 38 digits, nine of them after the point."""
    if node.this == exp.DataType.Type.DECIMAL and not node.expressions:
        node.set("expressions", [exp.DataTypeParam(this=exp.convert(n)) for n in (38, 9)])


def _create(node: exp.Expr) -> None:
    """Partitions, clusters and options only cost or save money; a local file has none."""
    node.set("properties", None)
    for constraint in list(node.find_all(exp.ColumnConstraint)):
        if isinstance(constraint.kind, exp.Properties):
            constraint.pop()


def _array_agg(node: exp.Expr) -> None:
    """ARRAY_AGG(… LIMIT n) is a slice of all."""
    limit = node.this
    if isinstance(limit, exp.Limit):
        node.set("this", limit.this)
        whole = node.parent if isinstance(node.parent, exp.IgnoreNulls) else node
        whole.replace(_call("LIST_SLICE", whole.copy(), 1, limit.expression))


def _unnest(node: exp.Expr) -> None:
    """WITH OFFSET counts from 0, DuckDB's WITH ORDINALITY from 1."""
    offset, alias = node.args.get("offset"), node.args.get("alias")
    if not isinstance(offset, exp.Identifier):
        return
    [array] = node.expressions
    value = alias.columns[0] if alias and alias.columns else exp.to_identifier("_value")
    position = _call("GENERATE_SUBSCRIPTS", array, 1) - 1
    both = exp.select(exp.alias_(_call("UNNEST", array.copy()), value), exp.alias_(position, offset))
    if isinstance(node.parent, exp.Join) and node.parent.side and not node.parent.args.get("on"):
        node.parent.set("on", exp.true())
    node.replace(both.subquery(f"_{value.name}_{offset.name}"))


def _timestamp_diff(node: exp.Expr) -> None:
    """Whole units that have passed; DuckDB's DATE_DIFF counts the boundaries between."""
    unit = exp.Literal.string(node.text("unit"))
    node.replace(_call("DATE_SUB", unit, node.expression, node.this))


def _date(node: exp.Expr) -> None:
    """Arithmetic on dates stays among dates."""
    node.replace(exp.cast(node.copy(), "DATE"))


def _extract(node: exp.Expr) -> None:
    """Sunday is day 1 of the week, in DuckDB 0; the session's time zone is UTC."""
    part = {"ISOWEEK": "WEEK"}.get(node.name, node.name)
    number = _call("DATE_PART", exp.Literal.string(part), node.expression)
    if part == "DATE":
        node.replace(exp.cast(node.expression, "DATE"))
    else:
        node.replace(exp.paren(number + 1) if part == "DAYOFWEEK" else number)


def _unix_seconds(node: exp.Expr) -> None:
    """Rounded down, not to the nearest."""
    node.replace(exp.cast(_call("FLOOR", _call("EPOCH", node.this)), "BIGINT"))


def _unix_to_time(node: exp.Expr) -> None:
    """A TIMESTAMP is an instant; sqlglot makes a DATETIME of it."""
    digits = int(node.text("scale") or 0)
    node.replace(_call("MAKE_TIMESTAMPTZ", exp.cast(node.this, "BIGINT") * 10 ** (6 - digits)))


def _instant(node: exp.Expr) -> None:
    node.replace(exp.cast(node.copy(), "TIMESTAMPTZ"))


def _format(node: exp.Expr) -> None:
    node.replace(_call("PRINTF", node.this, *node.expressions))


RULES: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Literal: _literal,
    exp.Mul: _multiply,
    exp.IntDiv: _int_div,
    exp.DataType: _data_type,
    exp.Create: _create,
    exp.ArrayAgg: _array_agg,
    exp.Unnest: _unnest,
    exp.TimestampDiff: _timestamp_diff,
    exp.DateTrunc: _date,
    exp.DateAdd: _date,
    exp.DateSub: _date,
    exp.Extract: _extract,
    exp.UnixSeconds: _unix_seconds,
    exp.UnixToTime: _unix_to_time,
    exp.StrToTime: _instant,
    exp.Format: _format,
}
