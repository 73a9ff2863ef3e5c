"""Callers that IAM lets in: whom the checked token names, and that nothing else passes for one."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access import SERVER, Caller, DeniedError, identify, make_token
from shared.iam import ISSUERS, REMOVED, is_let_in
from shared.quota import Quota
from shared.settings import Settings
from tests.privacy import SECRET

CMS, GATEWAY = "cms", "gateway"
"""Service accounts; real ones are e-mail addresses."""

SIGNS = SECRET * 2
GUARDED = Settings(iam_callers=f"{CMS}, mailer", token_secrets=SIGNS, api_keys=f"{SECRET}-api")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def passed_on(email: object = CMS, iss: object = ISSUERS[0], signature: str = REMOVED) -> str:
    """Google's token as Cloud Run hands it on."""
    head, claims = (
        {"alg": "RS256", "typ": "JWT"},
        {"iss": iss, "email": email, "aud": "https://recommend", "sub": "1"},
    )
    parts = [urlsafe_b64encode(msgspec.json.encode(part)).decode().rstrip("=") for part in (head, claims)]
    return f"Bearer {'.'.join(parts)}.{signature}"


def ask(settings: Settings = GUARDED, **headers: str) -> Caller:
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return identify(settings, shown, NOW, Quota(0, lambda: 0.0))


def test_the_checked_token_says_who_asks() -> None:
    assert ask(authorization=passed_on()) == SERVER
    assert ask(x_serverless_authorization=passed_on()) == SERVER
    assert ask(x_serverless_authorization=passed_on("mailer", ISSUERS[1])) == SERVER


@pytest.mark.parametrize(
    "header",
    [
        passed_on(GATEWAY),
        passed_on(""),
        passed_on(7),
        passed_on(iss="https://accounts.example"),
        passed_on(signature="c2lnbmF0dXJl"),
        passed_on().removeprefix("Bearer "),
        f"Bearer a.b.{REMOVED}",
        f"Bearer {urlsafe_b64encode(b'[' * 5_000).decode() * 2}.{REMOVED}",
    ],
)
def test_no_other_token_does(header: str) -> None:
    for name in ("authorization", "x_serverless_authorization"):
        with pytest.raises(DeniedError):
            ask(GUARDED, **{name: header})


@given(st.text())
def test_whatever_is_shown_it_answers(text: str) -> None:
    assert not is_let_in(GUARDED.iam, {"authorization": text})
    assert not is_let_in(GUARDED.iam, {"authorization": f"Bearer a.{text}.{REMOVED}"})


def test_without_the_setting_it_opens_nothing() -> None:
    """Where everybody may invoke the service, anybody can write such a token."""
    with pytest.raises(DeniedError):
        ask(Settings(api_keys=f"{SECRET}-api"), authorization=passed_on())


def test_beside_a_page_s_token_a_gateway_s_own_says_nothing() -> None:
    page = f"Bearer {make_token(SIGNS, 'ann', None, NOW, timedelta(minutes=5))}"
    assert ask(authorization=page, x_serverless_authorization=passed_on()).user_id == "ann"
    late = f"Bearer {make_token(SIGNS, 'ann', None, NOW - timedelta(hours=2), timedelta(minutes=5))}"
    for own in (late, passed_on()):  # the latter was not checked: Cloud Run looks at one header
        with pytest.raises(DeniedError):
            ask(authorization=own, x_serverless_authorization=passed_on())


def test_an_api_key_may_stand_beside_it() -> None:
    assert ask(authorization=f"Bearer {SECRET}-api", x_serverless_authorization=passed_on(GATEWAY)) == SERVER
