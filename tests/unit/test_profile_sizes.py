"""How large profiles of real and of the busiest simulated people are, and what bounds cost."""

from collections.abc import Iterable
from statistics import median

import msgspec

from infra.local.inputs import open_input
from infra.local.inputs.simulate import Simulation
from shared.events.event import Event, person_of
from shared.profiles.face import face
from shared.profiles.fold import fold
from shared.profiles.profile import MAX_STATE_BYTES, Profile, encode_profile, new_profile
from tests.samples import sample
from tests.unit.people import SETTINGS, TERMS

KIB = 1_024
STANDING_BYTES = 3 * KIB
"""What stands beside the fold and the face has so much room at least."""


def sizes(fields: Iterable[object]) -> list[int]:
    """Bytes of state and face of every person, ascending."""
    events: dict[str, list[Event]] = {}
    for one in fields:
        event = msgspec.convert(one, Event)
        events.setdefault(person_of(event), []).append(event)
    profiles: list[Profile] = []
    for some in events.values():
        profile = new_profile(SETTINGS.half_life)
        fold(profile, some, TERMS)
        profiles.append(profile)
    states = [len(encode_profile(profile)) for profile in profiles]
    faces = [len(msgspec.json.encode(face(profile, "disengaged", TERMS.session_cap_ms))) for profile in profiles]
    assert max(states) <= MAX_STATE_BYTES
    return sorted(state + readable for state, readable in zip(states, faces, strict=True))


def test_the_median_profile_of_real_people_is_small() -> None:
    found = sizes(open_input(f"rees46:{sample('rees46_sample.csv.gz')}"))
    assert len(found) > 500
    assert median(found) <= 4 * KIB
    assert found[-1] <= 32 * KIB - STANDING_BYTES


def test_the_busiest_profiles_fit_into_their_document() -> None:
    found = sizes(Simulation(users=300, days=90, seed=5).events())
    busiest = found[-max(1, len(found) // 100) :]
    assert max(busiest) <= 32 * KIB - STANDING_BYTES
