"""Who is held out."""

from collections import Counter
from math import sqrt

from hypothesis import given
from hypothesis import strategies as st

from shared.experiments.arms import arm_of

PEOPLE = [f"u:{n}" for n in range(20_000)]
Z = 4.0
"""Standard errors: one false alarm in 16,000 runs, and the people are the same each time."""


def test_about_as_many_are_held_out_as_is_asked() -> None:
    for share in (0.05, 0.5):
        found = Counter(arm_of(person, share) for person in PEOPLE)["holdout"] / len(PEOPLE)
        assert abs(found - share) < Z * sqrt(share * (1 - share) / len(PEOPLE))


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_held_out_stays_so_when_more_are(person: str, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert arm_of(person, less) == "personal" or arm_of(person, more) == "holdout"
    assert arm_of(person, 0.0) == "personal"
    assert arm_of(person, 1.0) == "holdout"
