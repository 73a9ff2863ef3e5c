"""A training as a job, for one that takes longer than Cloud Scheduler waits: python -m training '{"models": […]}'.

The order is that of POST /v1/retrain, and its line in the log the same.
"""

import asyncio
import sys
from collections.abc import Sequence

from shared import telemetry, wiring
from shared.errors import PermanentError, RetryableError
from training.lease import TakenError
from training.order import parse_order
from training.run import open_stores, retrain


def main(arguments: Sequence[str]) -> int:
    """0 once trained, whatever the gate said; 1 where a store is away or another training runs; 2 for a wrong order."""
    return asyncio.run(_train(" ".join(arguments).encode()))


async def _train(body: bytes) -> int:
    work = telemetry.begin("retrain", ())
    try:
        await retrain(parse_order(body, wiring.clock()), open_stores(wiring.settings()))
        code, status = 0, 200
    except PermanentError as error:
        code, status = 2, 400
        telemetry.note(reason=str(error))
    except TakenError as error:
        code, status = 1, 409
        telemetry.note(reason=str(error))
    except RetryableError as error:
        code, status = 1, 503
        telemetry.note(reason=str(error))
    except Exception as error:
        telemetry.note("crashed")
        telemetry.end(work, 500, error)
        raise
    finally:
        await wiring.close_all()
    telemetry.end(work, status)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
