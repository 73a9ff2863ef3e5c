"""How soon a recommendation knows: from collect's answer to the first recommendation that reflects the event."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import NamedTuple

import httpx

from infra.bench.figures import Grid, Result, Value
from infra.bench.probe import EVERY_S, GIVE_UP_S, PAUSE_S, N, Probe, probe_steadily, recommended
from infra.bench.session import Session
from infra.bench.traffic import BATCH, CONNECTIONS, Traffic, await_done
from infra.local.inputs import open_input, shift
from infra.local.process import Stack, running
from infra.local.replay import replay

STACKS = ("embedded", "emulators")
HISTORY = "simulate:users=150,days=10,seed=21"
FLOOD, WARM = 5_000, 2_000
LOAD = 0.5
SECONDS = 4
"""The probes of a round last so many times the length of one measurement."""

PROMISED_MS = 1_000.0
SETTINGS = {"ATTUNE_MODEL_REFRESH_S": "1"}
"""So that nobody waits for the models; profiles are read for every answer as it is."""

LIMITS = httpx.Limits(max_connections=200, keepalive_expiry=2.0)
"""An idle connection ends on our side, before the server ends it on its own."""

COLUMNS = (
    "stack",
    "the most, events/s",
    "load, events/s",
    "probes",
    "p50 ms",
    "p95 ms",
    "worst p95 ms",
    "max ms",
    "collect p50 ms",
    "last GET p50 ms",
)
NOTES = (
    f"The most: {FLOOD:,} events in batches of {BATCH} over {CONNECTIONS} connections, until the last is folded and",
    f"in the log. Then {LOAD:.0%} of that, steadily, whatever becomes of it. Senders and stack share the machine.",
    f"A probe, every {EVERY_S:g} s: a new user views the item that is recommended to them first. From collect's answer",
    f"on they ask for {N} recommendations, {PAUSE_S * 1_000:g} ms after each answer, until the item is gone, or for",
    f"{GIVE_UP_S:g} s. The last GET is part of the time; what is left is delivery, fold and the GET before.",
    "Medians of rounds, each of which measures the most anew; the worst p95 is the worst round's, max any probe's.",
    f"Promised: p95 below {PROMISED_MS:,.0f} ms on both stacks under {LOAD:.0%} of the most.",
)


class Round(NamedTuple):
    """What the probes found, idle or under load."""

    most_s: float
    load_s: float
    probes: Sequence[Probe]


def bench(session: Session) -> Result:
    """Both stacks, idle and under half of the most they can take."""
    rows, failures = [], []
    for name in STACKS:
        with running(name, session.scratch(f"freshness-{name}"), settings=SETTINGS) as stack:
            idle, loaded = asyncio.run(_measure(session, name, stack))
        rows += [_row(name, idle), _row(name, loaded)]
        if (p95 := median(lag_ms(one.probes, 95) for one in loaded)) >= PROMISED_MS:
            failures.append(f"{name}: p95 {p95:,.0f} ms under half load, promised below {PROMISED_MS:,.0f} ms")
    return Result([Grid("from collect's answer to the next recommendation", COLUMNS, rows)], NOTES, failures)


async def _measure(session: Session, name: str, stack: Stack) -> tuple[list[Round], list[Round]]:
    seconds = SECONDS * session.seconds
    async with httpx.AsyncClient(base_url=stack.url, timeout=120, limits=LIMITS) as client:
        session.steps.begin(f"freshness: {name}: a history and models")
        await _prepare(client, stack)
        traffic = Traffic(client)
        await traffic.flood(WARM)
        session.steps.begin(f"freshness: {name}", session.repeats)
        idle, loaded = [], []
        for number in range(session.repeats):
            idle.append(Round(0.0, 0.0, await probe_steadily(client, f"idle-{number}", seconds)))
            most_s = await traffic.flood(FLOOD)
            enough = asyncio.Event()
            load = asyncio.create_task(traffic.keep_up(LOAD * most_s, enough))
            probes = await probe_steadily(client, f"loaded-{number}", seconds)
            enough.set()
            loaded.append(Round(most_s, await load, probes))
            session.steps.step()
    return idle, loaded


async def _prepare(client: httpx.AsyncClient, stack: Stack) -> None:
    """Until strangers are recommended something."""
    source = open_input(HISTORY)
    now = datetime.now(UTC)
    result = await replay(shift(source, source.last or now, now), stack.url)
    await await_done(client, result.accepted)
    (await client.post("/v1/retrain", json={}, timeout=600)).raise_for_status()
    while len(await recommended(client, "stranger")) < N:  # noqa: ASYNC110 - models have no event
        await asyncio.sleep(0.1)


def lag_ms(probes: Sequence[Probe], percent: int) -> float:
    """So many percent of the probes saw their event reflected within this time."""
    return quantiles([probe.lag_ms for probe in probes], n=100, method="inclusive")[percent - 1]


def _row(name: str, rounds: Sequence[Round]) -> list[Value]:
    probes = [probe for one in rounds for probe in one.probes]
    rates = [round(median(one.most_s for one in rounds)) or None, round(median(one.load_s for one in rounds))]
    p50s, p95s = ([lag_ms(one.probes, percent) for one in rounds] for percent in (50, 95))
    parts = [median(getattr(probe, part) for probe in probes) for part in ("collect_ms", "ask_ms")]
    longest = max(probe.lag_ms for probe in probes)
    return [name, *rates, len(probes), median(p50s), median(p95s), max(p95s), longest, *parts]
