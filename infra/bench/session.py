"""What the benchmarks of a run share: its options, a scratch folder, and emulators, started when first needed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.bench.screen import Steps
from infra.local.emulators import emulators
from infra.local.pubsub import create_topics
from shared.settings import Settings

FILLING_MS = 60_000.0
"""This process, which fills the stores, waits so long for one of them; the servers wait as they do by default."""


class Session:
    """One run.

    Attributes:
        seconds: length of one measurement.
        repeats: measurements of each cell.
        deliveries: how many exactly-once makes.
        folder: scratch space, removed at the end.
    """

    def __init__(self, seconds: float, repeats: int, deliveries: int, folder: Path, steps: Steps, stack: ExitStack):
        self.seconds = seconds
        self.repeats = repeats
        self.deliveries = deliveries
        self.folder = folder
        self.steps = steps
        self._stack = stack
        self._emulators: dict[str, str] = {}

    def scratch(self, name: str) -> Path:
        """A folder for one benchmark."""
        made = self.folder / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    def settings(self, project: str) -> Settings:
        """Settings of the gcp backend on the emulators, in a project of its own, with its topics."""
        if not self._emulators:
            self.steps.begin("starting Firestore's and Pub/Sub's emulators")
            self._emulators = self._stack.enter_context(emulators(("firestore", "pubsub")))
            os.environ.update(self._emulators)  # the client libraries of this process look there
        create_topics(project)
        return Settings(backend="gcp", project=project, store_deadline_ms=FILLING_MS)

    def environment(self, settings: Settings) -> dict[str, str]:
        """The same for a child process. Nobody is judged: one user at a thousand events a second is no person."""
        own = {"ATTUNE_BACKEND": settings.backend, "ATTUNE_BOTS": "off"}
        if settings.backend == "embedded":
            return {**own, "ATTUNE_DATA": settings.data}
        own["ATTUNE_PROJECT"] = settings.project
        return {**self._emulators, **own, "GOOGLE_CLOUD_PROJECT": settings.project}


@contextmanager
def open_session(seconds: float, repeats: int, deliveries: int, steps: Steps) -> Iterator[Session]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-bench-")))
        yield Session(seconds, repeats, deliveries, folder, steps, stack)
