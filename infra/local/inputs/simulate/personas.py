"""What the simulated people can be: personas, devices, answers to the question for consent."""

from collections.abc import Mapping
from typing import NamedTuple


class Persona(NamedTuple):
    """How one sort of people behaves; all but the rates are probabilities.

    Attributes:
        share: of all people.
        visits: a day, on average.
        views: items opened in a visit that is not a bounce, on average.
        dwell_s: median seconds with an item they like.
        bounce: a visit ends with its first page.
        cart: an item opened and liked fully goes into the cart.
        buy: a visit with a filled cart ends in the checkout, and the checkout in a purchase.
        react: an item opened and liked fully is bookmarked, shared or commented.
        search: a visit starts with a search.
        stays: of the period, the part after which they no longer come.
    """

    share: float
    visits: float
    views: float
    dwell_s: float
    bounce: float
    cart: float
    buy: float
    react: float
    search: float
    stays: float = 1.0


PERSONAS: Mapping[str, Persona] = {
    "high_intent_buyer": Persona(0.12, 0.30, 4.0, 55, 0.05, 0.55, 0.85, 0.05, 0.45),
    "loyal_regular": Persona(0.15, 0.55, 5.0, 45, 0.08, 0.22, 0.70, 0.25, 0.25),
    "browser": Persona(0.25, 0.35, 6.0, 25, 0.15, 0.04, 0.30, 0.12, 0.15),
    "casual_visitor": Persona(0.33, 0.12, 2.0, 12, 0.40, 0.05, 0.40, 0.03, 0.10),
    "disengaged": Persona(0.15, 0.40, 2.5, 8, 0.45, 0.03, 0.25, 0.01, 0.05, stays=0.3),
}

CONSENTS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("personalization", "analytics"), 0.93),
    (("analytics",), 0.04),
    ((), 0.03),
)
"""What people answer when asked, and how often."""


class Device(NamedTuple):
    """What a person visits with."""

    type: str
    user_agent: str


DEVICES: tuple[tuple[Device, float], ...] = (
    (
        Device(
            "mobile",
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36",
        ),
        0.5,
    ),
    (Device("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"), 0.4),
    (
        Device(
            "tablet", "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 Version/17.6 Safari/604.1"
        ),
        0.1,
    ),
)
LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES")
