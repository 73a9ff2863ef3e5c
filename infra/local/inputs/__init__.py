"""Where events come from when no client sends them: public data sets, CSV files and a simulator."""

from infra.local.inputs.canonical import open_csv
from infra.local.inputs.input import Fields, Input, shift
from infra.local.inputs.movielens import open_movielens
from infra.local.inputs.rees46 import open_rees46
from infra.local.inputs.simulate import open_simulation
from shared.errors import PermanentError, Problem

__all__ = ["SPECS", "Fields", "Input", "open_input", "shift"]

SPECS = "rees46:PATH, csv:PATH, movielens, simulate or simulate:users=500,days=30,seed=7"


def open_input(spec: str) -> Input:
    """The input that the text names. Raises PermanentError if there is none, or if it cannot be read."""
    name, _, rest = spec.partition(":")
    if name in ("rees46", "csv") and rest:
        return open_rees46(rest) if name == "rees46" else open_csv(rest)
    if name == "movielens" and not rest:
        return open_movielens()
    if name == "simulate":
        return open_simulation(rest)
    raise PermanentError("unknown input", (Problem("input", SPECS, spec or "nothing"),))
