"""Which kind an event's name means, one table for each vocabulary. A site adds its own names in its settings."""

import re
from collections.abc import Mapping

from shared.events.kinds import Kind

Vocabulary = Mapping[str, Kind]
"""Name, as `plain` writes it → kind."""

UNKNOWN: Kind = "custom"

_APART = re.compile(r"[\s_\-]+")


def plain(name: str) -> str:
    """The name in lower case, its words apart by one space.

    >>> plain("Product  Added"), plain("product_added")
    ('product added', 'product added')
    """
    return _APART.sub(" ", name).strip().lower()


def kind_of(name: str, vocabularies: tuple[Vocabulary, ...], own: Mapping[str, Kind]) -> Kind:
    """The kind of an event's name: the site's own first, then the vocabularies in their order; else `custom`."""
    key = plain(name)
    for known, kind in own.items():
        if plain(known) == key:
            return kind
    return next((vocabulary[key] for vocabulary in vocabularies if key in vocabulary), UNKNOWN)
