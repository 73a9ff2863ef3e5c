"""What cards say: of a model that was fitted, and of a training that came to none."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.card import Card, Figure
from training.code import code_version
from training.queries import select, terms
from training.results import Fitted, Model, Trained, version_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARAMETERS = (
    "half_life_days",
    "session_gap_minutes",
    "session_cap_hours",
    "require_consent",
    "personas",
    "neighbours",
    "conversion_days",
    "churn_days",
)
"""Settings that trainings depend on."""


class Learned(NamedTuple):
    """What a training has had before it."""

    since: datetime | None = None
    events: int = 0
    people: int = 0


def read_learned(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Learned:
    """The first event and how many events of how many people there were by the cutoff."""
    [row] = select(warehouse, "learned_from", terms(cutoff, settings)).to_pylist()
    since = None if row["since_ms"] is None else EPOCH + timedelta(milliseconds=row["since_ms"])
    return Learned(since, row["events"], row["people"])


def card_of(
    model: Model, trained: Trained, learned: Learned, cutoff: datetime, now: datetime, settings: Settings
) -> Card:
    """The card of what came of a training, waiting for its verdict."""
    result, seconds = trained.result, round(trained.seconds, 3)
    if not isinstance(result, Fitted):
        return _with(failed(model, cutoff, result.reason, now, settings), learned, seconds)
    facts = {name: value for name, value in result.facts.items() if name != "figures"}
    card = Card(
        name=model,
        version=result.version,
        status="waiting",
        reason="not judged yet",
        trained_at=now,
        seconds=seconds,
        cutoff=cutoff,
        code=code_version(),
        commit=settings.commit,
        parameters={name: _plain(getattr(settings, name)) for name in PARAMETERS},
        facts=facts,
        figures=_figures(result.facts.get("figures")),
    )
    return _with(card, learned, seconds)


def failed(model: str, cutoff: datetime, reason: str, now: datetime, settings: Settings) -> Card:
    """The card of a training that came to no model. Its version says when, too: it may fail twice alike."""
    digest = blake2b(f"{now.isoformat()} {reason}".encode(), digest_size=8).hexdigest()
    return Card(
        name=model,
        version=version_of(cutoff, digest),
        status="rejected",
        reason=reason,
        trained_at=now,
        seconds=0.0,
        cutoff=cutoff,
        code=code_version(),
        commit=settings.commit,
        fitted=False,
        kept=False,
    )


def _with(card: Card, learned: Learned, seconds: float) -> Card:
    return msgspec.structs.replace(card, seconds=seconds, **learned._asdict())


def _figures(told: Any) -> list[Figure]:
    """Figures as trainings tell them: by model, by metric, each a value with or without an interval."""
    if not isinstance(told, Mapping):
        return []
    return [
        Figure(model, metric, one["value"], one.get("low"), one.get("high"))
        for model, metrics in told.items()
        for metric, one in metrics.items()
    ]


def _plain(value: object) -> bool | float | str:
    return value if isinstance(value, int | float) else str(value)
