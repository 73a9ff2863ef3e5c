"""Who may ask about whom: keys, tokens and quotas, and that hostile tokens open nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access import AUDIENCE, LEEWAY, LONGEST, SERVER, Caller, DeniedError, identify, make_token
from shared.keys import is_operator
from shared.quota import Quota
from shared.settings import Settings, read_settings
from tests.privacy import SECRET

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEW, OLD, FOREIGN = (name * 32 for name in "nof")
SITE = Settings(api_keys=f"{SECRET}-api", token_secrets=f"{NEW}, {OLD}")


def ask(authorization: str | None, settings: Settings = SITE, now: datetime = NOW) -> Caller:
    headers = {} if authorization is None else {"authorization": authorization}
    return identify(settings, headers, now, Quota(0, lambda: 0.0))


def token(secret: str = NEW, **changes: object) -> str:
    times: Mapping[str, Any] = {"iat": NOW, "exp": NOW + timedelta(hours=1), "aud": AUDIENCE, "sub": "ann"}
    claims = {name: value for name, value in {**times, **changes}.items() if value is not None}
    return jwt.encode(claims, secret, "HS256")


def status(authorization: str | None, settings: Settings = SITE, now: datetime = NOW) -> int:
    with pytest.raises(DeniedError) as caught:
        ask(authorization, settings, now)
    return caught.value.reply.status


def test_a_server_asks_about_everybody() -> None:
    assert ask(f"Bearer {SECRET}-api") == SERVER
    SERVER.check("ann", "dev")


def test_an_operator_may_ask_too() -> None:
    assert ask(f"Bearer {SECRET}-op", Settings(operator_keys=f"{SECRET}-op")) == SERVER


def test_where_nothing_is_set_everybody_may_ask() -> None:
    assert ask(None, Settings()) == SERVER


@pytest.mark.parametrize(
    "settings",
    [
        SITE,
        Settings(write_keys="w"),
        Settings(operator_keys="o"),
        Settings(api_keys="a"),
        Settings(token_secrets=NEW),
        Settings(iam_callers="cms"),
    ],
)
def test_where_anything_is_set_strangers_may_not(settings: Settings) -> None:
    assert not is_operator(settings, {})
    assert status(None, settings) == 401
    assert status("Bearer wrong", settings) == 401
    assert status("Bearer w", settings) == 401


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_tokens_of_the_old_secret_are_taken_while_it_is_listed(secret: str) -> None:
    caller = ask(f"Bearer {token(secret)}")
    assert (caller.user_id, caller.anonymous_id) == ("ann", None)


def test_a_token_opens_its_own_person_only() -> None:
    caller = ask(f"Bearer {make_token(NEW, 'ann', 'dev', NOW, timedelta(minutes=15))}")
    caller.check("ann", None)
    caller.check("ann", "dev")
    caller.check(None, "dev")
    for user_id, anonymous_id in (("bob", None), ("ann", "other"), ("bob", "dev"), (None, "ann")):
        with pytest.raises(DeniedError) as caught:
            caller.check(user_id, anonymous_id)
        assert caught.value.reply.status == 403


def test_a_device_token_opens_no_user() -> None:
    caller = ask(f"Bearer {token(sub=None, anonymous_id='dev')}")
    caller.check(None, "dev")
    with pytest.raises(DeniedError):
        caller.check("dev", None)


@pytest.mark.parametrize(
    "hostile",
    [
        token(FOREIGN),
        token(aud="others"),
        token(aud=None),
        token(exp=None),
        token(iat=None),
        token(exp=NOW - timedelta(seconds=1) - LEEWAY, iat=NOW - timedelta(hours=2)),
        token(iat=NOW + timedelta(seconds=1) + LEEWAY),
        token(exp=NOW + LONGEST + timedelta(seconds=1)),
        token(sub=None),
        token(sub=""),
        token(sub=None, anonymous_id=7),
        token(exp="soon"),
        token(exp=float("nan")),
        jwt.encode({"sub": "ann", "aud": AUDIENCE, "iat": NOW, "exp": NOW + timedelta(hours=1)}, "", "none"),
        jwt.encode({"sub": "ann", "aud": AUDIENCE, "iat": NOW, "exp": NOW + timedelta(hours=1)}, NEW * 2, "HS512"),
    ],
)
def test_a_hostile_token_opens_nothing(hostile: str) -> None:
    assert status(f"Bearer {hostile}") == 401


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60), st.integers(0, 120), st.characters(codec="ascii"))
def test_a_changed_token_opens_nothing(text: str, place: int, letter: str) -> None:
    assert status(f"Bearer {text}.{text}.{text}") == 401
    good = token()
    changed = good[:place] + letter + good[place + 1 :]
    header, body, _ = good.split(".")
    if changed.split(".")[:2] != [header, body]:
        assert status(f"Bearer {changed}") == 401


def test_a_quota_is_each_persons_own_and_comes_back_with_time() -> None:
    seconds = [0.0]
    quota = Quota(3, lambda: seconds[0])
    assert [quota.wait_s("ann") for _ in range(5)] == [0, 0, 0, 20, 20]
    assert quota.wait_s("bob") == 0
    seconds[0] += 19.0
    assert quota.wait_s("ann") == 1
    seconds[0] += 1.0
    assert [quota.wait_s("ann"), quota.wait_s("ann")] == [0, 20]
    seconds[0] += 3_600.0
    assert [quota.wait_s("ann") for _ in range(4)] == [0, 0, 0, 20]


def test_a_token_over_its_quota_is_told_when_to_come_back() -> None:
    quota = Quota(1, lambda: 0.0)
    headers = {"authorization": f"Bearer {token()}"}
    identify(SITE, headers, NOW, quota)
    with pytest.raises(DeniedError) as caught:
        identify(SITE, headers, NOW, quota)
    assert (caught.value.reply.status, caught.value.reply.headers["retry-after"]) == (429, "60")


def test_a_short_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="ATTUNE_TOKEN_SECRETS") as caught:
        read_settings({"ATTUNE_TOKEN_SECRETS": f"{NEW},short-and-secret"})
    assert "short-and-secret" not in str(caught.value)
