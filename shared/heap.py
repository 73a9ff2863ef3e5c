"""The memory of a function's process."""

import gc
from functools import cache


@cache
def settle() -> None:
    """Have the garbage collector leave alone what is in memory now. To be called when a request has been served.

    What was loaded by then, some 50,000 objects, stays until the process ends. Each full collection looked at all of it
    for tens of milliseconds, and many small objects at once bring them often (decisions/0028). What of it is garbage
    already is lost; after loading that is next to nothing.
    """
    gc.freeze()
