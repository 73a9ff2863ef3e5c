"""What happens at the door: consent, and how a device becomes a known person's."""

from random import Random

from infra.local.inputs.simulate.people import Person
from infra.local.inputs.simulate.record import SITE, Recorder

SECOND_LOGIN = 0.5
LOGIN_AGAIN = 0.15


def introduce(rng: Random, person: Person, record: Recorder) -> None:
    """Ask for consent on the first visit; let those who want to sign up or log in."""
    if not person.asked:
        person.asked = True
        record.act("consent")
        record.wait(2)
    if person.truth.user_id is None:
        return
    if record.anonymous_id in person.linked:
        if rng.random() < LOGIN_AGAIN:
            record.act("identify", properties={"locale": person.locale})
    elif person.linked:
        if rng.random() < SECOND_LOGIN:
            person.linked.add(record.anonymous_id)
            record.act("alias")
    elif person.visits >= person.joins_at_visit:
        _sign_up(rng, person, record)


def _sign_up(rng: Random, person: Person, record: Recorder) -> None:
    record.page_url = f"{SITE}/join"
    record.act("page_view")
    record.wait(rng.uniform(15, 60))
    record.act("form_submit", properties={"form": "join"})
    person.linked.add(record.anonymous_id)
    record.act("sign_up")
    record.act("identify", properties={"locale": person.locale})
    record.wait(3)
    record.page_url = SITE
