"""Cards: what is known of every version for good, also of those that were never live and of trainings that failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeGuard

import msgspec

from shared.models.artifact import CARDS, model_key
from shared.stores.ports import Documents, Fields

EMPTY: Mapping[str, str] = {}

Status = Literal["waiting", "live", "retired", "rejected", "rolled back"]


class Figure(msgspec.Struct, frozen=True):
    """A measured value with its interval of 95 % confidence, if it has one."""

    model: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None


class Verdict(NamedTuple):
    """Whether a model may go live, why, and what was measured."""

    promote: bool
    reason: str
    figures: Sequence[Figure] = ()


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one model, or one training that came to none.

    Attributes:
        reason: why it has this status.
        cutoff: nothing after it was learned from.
        since: of the first event learned from.
        events, people: learned from.
        code, commit: a digest of the training's code and queries; what the deployment calls it.
        fitted: whether there is a model at all.
        kept: whether its data are still there, so that it can go live.
        replaced: the version that was live before it.
    """

    name: str
    version: str
    status: Status
    reason: str
    trained_at: datetime
    seconds: float
    cutoff: datetime
    since: datetime | None = None
    events: int = 0
    people: int = 0
    code: str = ""
    commit: str = ""
    parameters: dict[str, bool | float | str] = {}
    facts: dict[str, object] = {}
    figures: list[Figure] = []
    fitted: bool = True
    kept: bool = True
    replaced: str = ""

    @property
    def key(self) -> str:
        return model_key(self.name, self.version)


def to_fields(card: Card) -> Fields:
    """The card's document: what is searched by as fields, the whole as JSON, and for people as Markdown."""
    return {
        "name": card.name,
        "version": card.version,
        "status": card.status,
        "cutoff": card.cutoff,
        "fitted": card.fitted,
        "card": msgspec.json.encode(card).decode(),
        "markdown": markdown(card),
    }


async def write_cards(documents: Documents, cards: Sequence[Card], pictures: Mapping[str, str] = EMPTY) -> None:
    """Store cards; a picture once stored stays."""
    drawn = {card.key: {"picture": pictures[card.key]} for card in cards if pictures.get(card.key)}
    if fields := {card.key: {**to_fields(card), **drawn.get(card.key, {})} for card in cards}:
        await documents.merge(CARDS, fields)


async def read_card(documents: Documents, name: str, version: str) -> Card | None:
    """The card of this version."""
    document = await documents.get(CARDS, model_key(name, version))
    return decode(document.fields) if document else None


async def read_cards(documents: Documents) -> list[Card]:
    """All of them, the newest first."""
    found = [card async for _, document in documents.scan(CARDS) if (card := decode(document.fields))]
    return sorted(found, key=lambda card: (card.trained_at, card.key), reverse=True)


def decode(fields: Fields) -> Card | None:
    """The card of its document."""
    text = fields.get("card")
    return msgspec.json.decode(text, type=Card) if isinstance(text, str) else None


def markdown(card: Card) -> str:
    """The card for people."""
    lines = [f"# {card.name} {card.version}", "", f"**{card.status}**: {card.reason}", ""]
    lines += _table(("", ""), _summary(card))
    if card.figures:
        lines += ["", "## Judged", ""]
        lines += _table(("model", "metric", "value", "95 %"), [_row(figure) for figure in card.figures])
    plain = {name: value for name, value in card.facts.items() if not _is_grid(value)}
    if plain:
        lines += ["", "## Told by the training", ""]
        lines += _table(("", ""), [(name, _shown(value)) for name, value in plain.items()])
    for name, grid in card.facts.items():
        if _is_grid(grid):
            lines += ["", f"## {name.capitalize()}", "", *_grid(grid)]
    return "\n".join(lines) + "\n"


def _summary(card: Card) -> list[tuple[str, ...]]:
    window = f"{card.since:%Y-%m-%d %H:%M} to {card.cutoff:%Y-%m-%d %H:%M} UTC" if card.since else "no events"
    parameters = ", ".join(f"{name} {_shown(value)}" for name, value in card.parameters.items())
    rows = {
        "learned from": f"{card.events:,} events of {card.people:,} people, {window}",
        "trained": f"{card.trained_at:%Y-%m-%d %H:%M:%S} UTC, in {card.seconds:.1f} s",
        "code": f"{card.code} {card.commit}".strip(),
        "parameters": parameters,
        "replaced": card.replaced,
        "kept": "yes" if card.kept else "no: it can not go live again",
    }
    return [(name, value) for name, value in rows.items() if value]


def _row(figure: Figure) -> tuple[str, ...]:
    interval = "" if figure.low is None or figure.high is None else f"{figure.low:.4f} to {figure.high:.4f}"
    return figure.model, figure.metric, "undefined" if figure.value is None else f"{figure.value:.4f}", interval


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns line up as text, too."""
    cells = [[cell.replace("|", r"\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    told = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    rule = " | ".join("-" * width for width in widths)
    return [f"| {line} |" for line in (told[0], rule, *told[1:])]


def _is_grid(value: object) -> TypeGuard[Mapping[str, Mapping[str, object]]]:
    """Whether each row has the same columns."""
    if not isinstance(value, Mapping) or not value:
        return False
    rows = list(value.values())
    return all(isinstance(row, Mapping) and row and row.keys() == rows[0].keys() for row in rows)


def _grid(grid: Mapping[str, Mapping[str, object]]) -> list[str]:
    columns = next(iter(grid.values()))
    return _table(("", *columns), [(name, *map(_shown, row.values())) for name, row in grid.items()])


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
