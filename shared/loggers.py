"""What libraries say by Python's `logging`, as lines like ours."""

import logging
from functools import cache

from shared import wiring
from shared.telemetry import log, where


class Lines(logging.Handler):
    """A record is a line; of an error it carries, only where it was: its text may hold what somebody sent."""

    def emit(self, record: logging.LogRecord) -> None:
        severity = "ERROR" if record.levelno >= logging.ERROR else "WARNING"
        crash = record.exc_info[1] if record.exc_info else None
        # The first line: in those below it, asyncio for one repeats the error.
        message = record.getMessage().partition("\n")[0]
        log(severity, message, logger=record.name, stack_trace=where(crash) if crash else "")


@cache
def adopt() -> None:
    """Take what nobody else has asked for, once this process serves: else Python would print it as it comes."""
    root = logging.getLogger()
    if wiring.settings().log == "json" and not root.handlers:
        root.addHandler(Lines(logging.WARNING))
