"""The Python client against a running stack, waiting and on an event loop: every call, every failure, and faults."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

import attune_client
from attune_client import (
    AsyncClient,
    Client,
    DeniedError,
    EventsRefusedError,
    RefusedError,
    UnavailableError,
    UnexpectedAnswerError,
)
from attune_client.calls import MOST_EVENTS
from attune_client.decode import decode
from infra.local.layout import ROOT
from infra.local.process import running
from tests.clients.faults import FaultProxy
from tests.e2e.test_exactly_once import settled
from tests.privacy import SECRET, WRITE_KEY

SETTINGS = {
    "ATTUNE_WRITE_KEYS": WRITE_KEY,
    "ATTUNE_API_KEYS": f"{SECRET}-api",
    "ATTUNE_TOKEN_SECRETS": f"{SECRET}-signs-the-tokens-of-pages",
}
SOURCE = ROOT / "infra" / "clients" / "python"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stack that guards every door and has ten items."""
    with running("embedded", tmp_path_factory.mktemp("data"), settings=SETTINGS) as stack:
        items = [
            {"item_id": f"i{n}", "name": f'Item "{n}"', "category": "shoes", "price": n, "currency": "EUR"}
            | ({} if n == 9 else {"url": f"https://shop.example/p?id={n}"})
            for n in range(10)
        ]
        put = httpx.put(f"{stack.url}/v1/items", json=items, headers={"authorization": f"Bearer {WRITE_KEY}"})
        assert put.status_code == 202
        asyncio.run(settled(stack.url))
        yield stack.url


class Either:
    """One of the two clients, called the same way."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.client = client

    async def __call__(self, method: str, *given: Any, **asked: Any) -> Any:
        found = getattr(self.client, method)(*given, **asked)
        if isinstance(self.client, Client):
            return list(found) if method == "recommend_to" else found
        return [one async for one in found] if method == "recommend_to" else await found


@pytest.fixture(params=[Client, AsyncClient], ids=["waiting", "asynchronous"])
async def ask(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Either]:
    client = request.param(url, api_key=f"{SECRET}-api", write_key=WRITE_KEY)
    either = Either(client)
    yield either
    await either("close") if isinstance(client, AsyncClient) else client.close()


async def test_recommendations(ask: Either) -> None:
    answer = await ask("recommend", user_id="ann", n=3, filter={"max_price": 7}, exclude_ids=["i1"], context="home")
    assert isinstance(answer, attune_client.Recommendations)
    assert (answer.user_id, answer.anonymous_id, answer.persona, answer.degraded) == ("ann", None, "newcomer", False)
    assert len(answer.items) == 3
    assert all(
        item.price is not None and item.price <= 7 and item.item_id != "i1" and item.currency == "EUR"
        for item in answer.items
    )
    assert (answer.slots, answer.next_steps) == ([], [])
    slots = (await ask("recommend", user_id="ann", slots=[{"name": "top", "n": 2}, {"name": "side", "n": 1}])).slots
    assert [(slot.name, len(slot.items)) for slot in slots] == [("top", 2), ("side", 1)]


async def test_many_people_are_asked_for_a_hundred_at_a_time(ask: Either) -> None:
    people = [{"user_id": f"u{number}"} for number in range(230)]
    answers = await ask("recommend_to", people, n=2)
    assert [answer.user_id for answer in answers] == [person["user_id"] for person in people]
    assert {len(answer.items) for answer in answers} == {2}


async def test_why(ask: Either) -> None:
    why = await ask("why", "i1", user_id="ann", exclude_ids=["i0", "i1"], filter={"category": ["shoes"]}, n=3)
    assert (why.item_id, why.shown, why.fell_out_at) == ("i1", False, "exclude")
    assert next(stage for stage in why.stages if stage.stage == "exclude").reason == "the request excludes it"


def test_no_field_of_an_answer_is_lost(url: str) -> None:
    """What the stack truly answers, not only what it documents."""
    headers = {"authorization": f"Bearer {SECRET}-api"}
    wish = {"user_id": "ann", "page": "https://shop.example/", "slots": [{"name": "top", "n": 3}]}
    answer = httpx.post(f"{url}/v1/recommendations", json=wish, headers=headers).json()
    assert {"slots", "next_steps"} < answer.keys()
    assert lost(answer, decode(attune_client.Recommendations, answer)) == []
    query = {"user_id": "ann", "item_id": "i1"}
    why = httpx.get(f"{url}/v1/recommendations/why", params=query, headers=headers).json()
    assert len(why["stages"]) > 5
    assert lost(why, decode(attune_client.Why, why)) == []


def lost(answered: Any, decoded: Any) -> list[str]:
    """Fields that an answer has and its dataclass has not."""
    if isinstance(answered, list):
        return [name for one, its in zip(answered, decoded, strict=True) for name in lost(one, its)]
    if not is_dataclass(decoded):
        return [] if answered == decoded else [str(answered)]
    known = [name for name in answered if hasattr(decoded, name)]
    unknown = sorted(answered.keys() - set(known))
    return unknown + [one for name in known for one in lost(answered[name], getattr(decoded, name))]


def test_connections_are_kept() -> None:
    """Threads of a program share one client; one after the other they share one connection."""
    ports = set()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ports.add(self.client_address[1])
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with Client(f"http://127.0.0.1:{server.server_port}") as attune:
            assert [attune.profile(user_id="ann") for _ in range(5)] == [{}] * 5
            with pytest.raises(UnexpectedAnswerError, match=r"answer\.item_id: expected a value, found nothing"):
                attune.why("i1", user_id="ann")
        server.shutdown()
    assert len(ports) == 1


async def test_a_token_opens_its_own_person(ask: Either, url: str) -> None:
    token = await ask("token", 60, user_id="ann")
    assert token.expires_in == 60
    with Client(url, api_key=token.token) as page:
        assert page.recommend(n=1).user_id == "ann"
        with pytest.raises(DeniedError, match="403 the token is another person's"):
            page.recommend(user_id="bob")
        with pytest.raises(RefusedError, match="404 nobody is known by this id"):
            page.profile()


async def test_events_and_the_profile_they_make(ask: Either, url: str) -> None:
    who = f"carl-{type(ask.client).__name__}"
    act = {"user_id": who, "item_ids": ["i3"]}
    good = [{**act, "kind": "item_view", "occurred_at": datetime.now(UTC) - timedelta(minutes=5)}] * MOST_EVENTS
    bad = [{**act, "kind": "stare"}, {**act, "kind": "click", "quantity": -1}]
    assert (await ask("send", good[:2])).accepted == 2
    with pytest.raises(EventsRefusedError) as caught:
        await ask("send", [*good, bad[0], {**act, "kind": "click"}, bad[1]])
    assert (caught.value.taken.accepted, caught.value.taken.refused) == (MOST_EVENTS + 1, 2)
    assert [refusal.index for refusal in caught.value.taken.errors] == [MOST_EVENTS, MOST_EVENTS + 2]
    assert "events[200].kind: expected a kind of the table, found Invalid enum value 'stare'" in str(caught.value)
    await settled(url)
    assert (await ask("profile", user_id=who))["events"] == MOST_EVENTS + 3


async def test_what_is_wrong_is_named(ask: Either) -> None:
    with pytest.raises(RefusedError) as caught:
        await ask("recommend", user_id="ann", n=1_000)
    assert (caught.value.status, caught.value.problems[0].field) == (400, "n")
    assert str(caught.value) == "400 invalid; n: expected `int` <= 100, found something else"
    with pytest.raises(RefusedError, match="user_id: expected user_id or anonymous_id, found neither"):
        await ask("recommend", n=1)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_faults_are_waited_out_and_nothing_counts_twice(kind: type[Client | AsyncClient], url: str) -> None:
    who = f"dora-{kind.__name__}"
    with FaultProxy(url, [429], ["answer", "connection"]).serving() as proxy:
        either = Either(kind(url, collect=proxy.url, api_key=f"{SECRET}-api", write_key=WRITE_KEY))
        events = [{"kind": "click", "user_id": who, "item_ids": [f"i{number}"]} for number in range(5)]
        assert (await either("send", events)).accepted == 5
        assert (proxy.is_spent, proxy.answers[202]) == (True, 3)
        await settled(url)
        assert (await either("profile", user_id=who))["events"] == 5


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_who_is_asked_to_wait_for_too_long_does_not(kind: type[Client | AsyncClient], url: str) -> None:
    with FaultProxy(url, [503, 503], []).serving() as proxy:
        either = Either(kind(proxy.url, api_key=f"{SECRET}-api", patience_s=0.5))
        with pytest.raises(UnavailableError, match="503") as caught:
            await either("recommend", user_id="ann")
        assert caught.value.retry_after_s == 1.0
        assert not proxy.is_spent
        assert (await Either(kind(proxy.url, api_key=f"{SECRET}-api"))("recommend", user_id="ann")).user_id == "ann"
    with pytest.raises(UnavailableError, match="no answer: Connect"):
        await Either(kind(proxy.url, attempts=2))("recommend", user_id="ann")
    with pytest.raises(attune_client.AttuneError):
        await Either(kind("https://attune.invalid", attempts=1))("recommend", user_id="ann")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_iam_s_token_goes_beside_the_key(kind: type[Client | AsyncClient]) -> None:
    client = kind(
        "https://recommend.example/", collect="https://collect", identity=lambda url: f"for {url}", api_key="k"
    )
    assert "'k'" not in repr(client)
    sent = client.request(attune_client.calls.recommend({"user_id": "ann"}))
    assert sent["url"] == "https://recommend.example/v1/recommendations"
    assert sent["headers"] == {
        "authorization": "Bearer k",
        "x-serverless-authorization": "Bearer for https://recommend.example",
    }


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, str | None]:
        return {name: one.__doc__ for name, one in vars(kind).items() if callable(one) and not name.startswith("_")}

    assert methods(Client) == methods(AsyncClient)


def test_it_is_installed_by_itself(tmp_path: Path) -> None:
    """From its folder; it needs nothing of the repository."""
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source)  # building leaves files behind
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, tmp_path / "there", source], check=True, capture_output=True)
    program = "import attune_client, sys; print(attune_client.__file__, *sys.modules)"
    clean = {**os.environ, "PYTHONPATH": str(tmp_path / "there")}
    done = subprocess.run([sys.executable, "-c", program], env=clean, cwd=tmp_path, capture_output=True, text=True)
    where, *modules = done.stdout.split()
    assert Path(where).parent == tmp_path / "there" / "attune_client"
    assert (tmp_path / "there" / "attune_client" / "py.typed").exists()
    assert not {"shared", "infra", "msgspec"} & set(modules)


def test_a_mailing_really_runs(url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "infra/recipes/mailing.py", "--url", url, "--campaign", "a b", "-n", "2"],
        input="ann\n\nbob\n",
        env={**os.environ, "PYTHONPATH": str(SOURCE), "ATTUNE_KEY": f"{SECRET}-api"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    mails = [json.loads(line) for line in done.stdout.splitlines()]
    assert [mail["user_id"] for mail in mails] == ["ann", "bob"]
    assert len({mail["decision_id"] for mail in mails}) == 2
    for mail in mails:
        assert mail["html"].count("&amp;utm_campaign=a+b") in (1, 2)
        assert "Item &quot;" in mail["html"]
