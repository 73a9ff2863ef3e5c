"""`simulate`: people with known tastes and personas, and every kind of event they cause."""

from infra.local.inputs.input import Input, survey
from infra.local.inputs.simulate.bots import Bot
from infra.local.inputs.simulate.people import Truth
from infra.local.inputs.simulate.personas import PERSONAS
from infra.local.inputs.simulate.stream import Simulation
from shared.errors import PermanentError, Problem

__all__ = ["PERSONAS", "Bot", "Simulation", "Truth", "open_simulation", "parse_simulation"]

LIMITS = {"users": (1, 1_000_000), "days": (1, 3_650), "seed": (0, 2**63), "bots": (0, 10_000)}


def open_simulation(options: str) -> Input:
    """The simulation as an input; `options` is like `users=500,days=30,seed=7`, in any part or empty."""
    simulation = parse_simulation(options)
    name = f"simulation of {simulation.users:,} users, {simulation.days:,} days, seed {simulation.seed}"
    if simulation.bots:
        name += f", {simulation.bots:,} bots"
    return Input(name, None, simulation.events, lambda: survey(simulation.events()))


def parse_simulation(options: str) -> Simulation:
    """The simulation that the options ask for. Raises PermanentError if one is unknown, no number or out of range."""
    given: dict[str, int] = {}
    for option in filter(None, options.split(",")):
        name, _, text = option.partition("=")
        name, text = name.strip(), text.strip()
        least, most = LIMITS.get(name, (0, -1))
        if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
            ranges = ", ".join(f"{name}={least}..{most}" for name, (least, most) in LIMITS.items())
            raise PermanentError("unknown option", (Problem("simulate", ranges, option[:60]),))
        given[name] = int(text)
    return Simulation(**given)
