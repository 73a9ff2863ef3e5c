"""Whom training leaves out: people in quarantine, and ids that a crawler used once and threw away."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.events.event import person_key
from shared.profiles.bots import is_crawler
from shared.profiles.standing import Standing
from shared.stores.ports import Warehouse
from training.queries import compose, read_sql

ROWS = 2_000
"""In one statement, whose text may have a megabyte."""

CRAWLERS = 200
ROTATING_IDS = 1_000
ROTATING_SHARE = 0.95
TOLD = 5

ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r"})


class Row(NamedTuple):
    """Events of this person do not count: all of them, or those before `until_ms`."""

    person: str
    until_ms: int | None = None


def write_quarantined(warehouse: Warehouse, quarantined: Mapping[str, Standing]) -> dict[str, object]:
    """Fill the table `quarantined` anew. Says how many people are left out, and which agents look like rotating ids."""
    forget_quarantined(warehouse)  # not CREATE OR REPLACE: Terraform's table has labels, too
    rows = sorted(set(_rows(quarantined)), key=str)
    for start in range(0, len(rows), ROWS):
        values = ",\n".join(f"({literal(person)}, {until or 'NULL'})" for person, until in rows[start : start + ROWS])
        warehouse.run(f"INSERT INTO quarantined (person, until_ms) VALUES\n{values};")
    agents = warehouse.query(compose("rotation")).to_pylist()
    crawlers = [agent for agent in agents if is_crawler(agent["user_agent"])]
    _add_one_hit(warehouse, [agent["user_agent"] for agent in crawlers[:CRAWLERS]])
    return {
        "people": len(quarantined),
        "one_hit_crawlers": sum(agent["one_hit"] for agent in crawlers[:CRAWLERS]),
        "look_like_rotation": [agent for agent in agents if agent not in crawlers and _is_rotating(**agent)][:TOLD],
    }


def forget_quarantined(warehouse: Warehouse) -> None:
    """Empty the table: ids that lay there after the training would outlive their people's erasure."""
    warehouse.run("DELETE FROM quarantined WHERE TRUE;")


def _rows(quarantined: Mapping[str, Standing]) -> Iterable[Row]:
    """The people and the devices whose events would be theirs."""
    for person, standing in quarantined.items():
        yield Row(person)
        for anonymous_id, link in standing.merged.items():
            yield Row(person_key(None, anonymous_id), link.until_ms or None)


def _add_one_hit(warehouse: Warehouse, user_agents: Sequence[str]) -> None:
    """The agent alone would not suffice: here it comes with an id that has done nothing but load one page."""
    if user_agents:
        agents = ", ".join(map(literal, sorted(set(user_agents))))
        warehouse.run(
            "INSERT INTO quarantined (person, until_ms)\n"
            f"WITH anonymous_ids AS (\n{read_sql('anonymous_ids')}\n)\n"
            f"SELECT person, CAST(NULL AS INT64) FROM anonymous_ids WHERE is_one_hit AND user_agent IN ({agents});"
        )


def _is_rotating(ids: int, one_hit: int, **_: object) -> bool:
    return one_hit >= ROTATING_IDS and one_hit >= ROTATING_SHARE * ids


def literal(text: str) -> str:
    r"""A string of GoogleSQL. Ids and agents come from anybody: nothing in them ends the literal.

    >>> print(literal("a:o'b\\"))
    'a:o\'b\\'
    """
    return f"'{text.translate(ESCAPES)}'"
