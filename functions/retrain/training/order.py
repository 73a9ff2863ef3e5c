"""What a request asks of a training."""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from shared.errors import PermanentError, Problem
from shared.settings import Engine
from training.results import Model

MODELS: tuple[Model, ...] = get_args(Model)

FIELDS: dict[str, Any] = {
    "force": bool,
    "models": Annotated[list[Model], msgspec.Meta(min_length=1)],
    "cutoff": Annotated[datetime, msgspec.Meta(tz=True)],
    "engine": Engine,
    "export": bool,
}
EXPECTED = {
    "models": f"a list of {', '.join(MODELS)}",
    "cutoff": "a time with its offset from UTC (RFC 3339)",
    "force": "true or false",
    "engine": f"one of {', '.join(get_args(Engine))}",
    "export": "true or false",
}


class Order(NamedTuple):
    """Train these models on what had happened by the cutoff; with `force`, they go live whatever the gate says.

    Attributes:
        engine: who fits ALS; None: as the settings have it.
        export: train nothing, but leave the interactions where Spark finds them.
    """

    models: tuple[Model, ...]
    cutoff: datetime
    force: bool = False
    engine: Engine | None = None
    export: bool = False


def parse_order(body: bytes, now: datetime) -> Order:
    """The order of a request's body; by default all models, as of now. Raises PermanentError naming every bad field."""
    values: dict[str, Any] = {"models": MODELS, "cutoff": now}
    problems: list[Problem] = []
    for name, raw in _read_fields(body).items():
        if name not in FIELDS:
            problems.append(Problem(name[:100], f"one of {', '.join(FIELDS)}", "an unknown field"))
            continue
        try:
            values[name] = _decode(name, raw)
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
            problems.append(Problem(name, EXPECTED[name], bytes(raw)[:100].decode(errors="replace")))
    if problems:
        raise PermanentError("invalid", tuple(problems))
    return Order(**values | {"models": tuple(dict.fromkeys(values["models"]))})


def _decode(name: str, raw: msgspec.Raw) -> Any:
    value = msgspec.json.decode(raw, type=FIELDS[name])
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(body.strip() or b"{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError("malformed", (Problem("", "a JSON object", str(error)),)) from None
