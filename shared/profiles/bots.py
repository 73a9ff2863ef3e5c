"""Bots by what they do: signals from a profile, points for each, quarantine above a threshold. Pure.

The agent a client claims is one signal among them and never suffices (infra/decisions/0026).
"""

from functools import lru_cache


@lru_cache(maxsize=4_096)  # a new agent costs about 0.2 ms
def is_crawler(user_agent: str) -> bool:
    """Whether the user agent names a crawler, an HTTP library or a browser without a screen."""
    # Here, not above: recommend loads this module with the fold's, but folds nothing and does without the library.
    from crawleruseragents import is_crawler as is_listed

    return bool(is_listed(user_agent))
