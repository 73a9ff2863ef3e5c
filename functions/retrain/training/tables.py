"""The tables that training reads: the log, and the table of kinds as the settings have it."""

from collections.abc import Mapping

from shared.events.kinds import (
    ACTIVE_DWELL_S,
    ACTIVE_DWELL_SHARE,
    DEEP_SCROLL,
    ITEM_KINDS,
    KINDS,
    LONG_DWELL_SHARE,
    LONG_DWELL_WEIGHT,
    PURCHASE_UNITS_CAP,
    QUICK_EXIT_S,
    QUICK_EXIT_SHARE,
    QUICK_EXIT_WEIGHT,
    REVISIT,
    Kind,
)
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.queries import read_sql


def create_tables(warehouse: Warehouse) -> None:
    """Create the tables of infra/sql/tables.sql that do not exist yet."""
    warehouse.run(read_sql("tables"))


def write_kinds(warehouse: Warehouse, settings: Settings) -> None:
    """Replace the table `kinds`: for each kind what `weigh` knows of it, so that SQL repeats none of its numbers."""
    rows = "\nUNION ALL ".join(_select(row_of(kind, settings.weights)) for kind in KINDS)
    warehouse.run(f"CREATE OR REPLACE TABLE kinds AS\n{rows};")


def row_of(kind: Kind, weights: Mapping[str, float]) -> dict[str, str | float | None]:
    """The kind's row. A threshold that says nothing about the kind is NULL: no value compares with it."""
    spec = KINDS[kind]
    dwells = spec.length_s is not None
    begins = dwells and kind != "dwell"
    return {
        "kind": kind,
        "weight": float(weights.get(kind, spec.weight)),
        "engagement": spec.engagement,
        "units_cap": float(PURCHASE_UNITS_CAP if kind == "purchase" else 1),
        "deep_scroll": DEEP_SCROLL if kind == "scroll" else None,
        "revisit": REVISIT if kind in ITEM_KINDS else None,
        "length_s": spec.length_s,
        "quick_exit_s": QUICK_EXIT_S if dwells else None,
        "quick_exit_share": QUICK_EXIT_SHARE if dwells else None,
        "quick_exit_weight": QUICK_EXIT_WEIGHT if dwells else None,
        "active_dwell_s": ACTIVE_DWELL_S if begins else None,
        "active_dwell_share": ACTIVE_DWELL_SHARE if begins else None,
        "long_dwell_share": LONG_DWELL_SHARE if dwells else None,
        "long_dwell_weight": LONG_DWELL_WEIGHT if dwells else None,
    }


def _select(row: Mapping[str, str | float | None]) -> str:
    return "SELECT " + ", ".join(f"{_literal(value)} AS {column}" for column, value in row.items())


def _literal(value: str | float | None) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return f"CAST({'NULL' if value is None else repr(value)} AS FLOAT64)"
