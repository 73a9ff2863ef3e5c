"""The log of a whole run: one line for each request and message, one trace from a page to the decision, and nobody's
data in it."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from infra.local import pubsub
from infra.local.process import running as running_stack
from shared import wiring
from shared.settings import PREFIX, Settings
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.e2e.alone import on_gcp, running
from tests.privacy import SECRET, WRITE_KEY

USER, STRANGER, DEVICE, ADDRESS = "zaphod-4711", "prefect-42", "trillian-0815", "203.0.113.77"
SECRETS = (USER, STRANGER, DEVICE, ADDRESS, "203.0.113", "dent.example", "marvin", "slartibartfast", WRITE_KEY, SECRET)
"""None of what is sent below may be found in the log."""

TRACE, OTHER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736", "a" * 32
FROM_PAGE = {
    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    "x-forwarded-for": ADDRESS,
    "user-agent": "marvin/1.0",
    "authorization": f"Bearer {WRITE_KEY}",
}
OPERATOR = {"authorization": f"Bearer {SECRET}"}

Line = dict[str, Any]


def events(number: int) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"slartibartfast-{n}",
            "kind": "item_view",
            "occurred_at": f"2026-01-01T00:00:{n:02}Z",
            "user_id": USER,
            "anonymous_id": DEVICE,
            "item_ids": ["a"],
            "category": "shoes",
            "context": {"page_url": "https://shop.example/a?mail=arthur@dent.example", "ip": ADDRESS},
            "properties": {"mail": "arthur@dent.example"},
        }
        for n in range(number)
    ]


def read(text: str) -> list[Line]:
    """The lines; each is JSON with what a log needs, and nothing that was sent is in any."""
    assert [secret for secret in SECRETS if secret in text] == []
    # DuckDB, which is not deployed, tells at its end what it has not freed.
    ours = [line for line in text.splitlines() if not line.startswith(("nanobind: ", " - ", "See https://nanobind"))]
    lines: list[Line] = [msgspec.json.decode(line) for line in ours]
    assert {line["severity"] for line in lines} <= {"INFO", "WARNING"}
    assert all(line["message"] for line in lines)
    return lines


def outcomes(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if "outcome" in line)


def of(lines: Iterable[Line], function: str) -> list[Line]:
    return [line for line in outcomes(lines) if line["function"] == function]


def test_the_log_of_the_local_stack(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = {
        f"{PREFIX}LOG": "json",
        f"{PREFIX}WRITE_KEYS": WRITE_KEY,
        f"{PREFIX}API_KEYS": WRITE_KEY,
        f"{PREFIX}OPERATOR_KEYS": SECRET,
        f"{PREFIX}IP": "truncate",
    }
    with running_stack("embedded", tmp_path, settings=settings) as stack:
        decided = use(stack.url)
        assert stack.stop() == 0
    lines = read(capfd.readouterr().err)
    ended = list(outcomes(lines))
    assert {line["function"] for line in ended} >= {
        "collect",
        "normalize",
        "update_profile",
        "update_items",
        "recommend",
        "profiles",
        "privacy",
        "sweep",
        "pull",
    }
    told = [(line["outcome"], line["count"], line.get("refused", 0)) for line in of(lines, "collect")]
    assert told[:4] == [("ok", 12, 0), ("partial", 1, 1), ("refused", 0, 1), ("refused", 1, 0)]
    folded = [line for line in of(lines, "update_profile") if line["outcome"] in ("applied", "duplicate")]
    assert len(folded) == 14  # each message has a line: those of a batch, and what came again
    assert all(("freshness_ms" in line) == (line["outcome"] == "applied") for line in of(lines, "update_profile"))
    assert all(line["logging.googleapis.com/trace"].startswith("projects/local/traces/") for line in ended)
    traced = [line["function"] for line in ended if line["logging.googleapis.com/trace"].endswith(TRACE)]
    assert {"collect", "update_profile", "recommend"} <= set(traced)
    assert traced.count("update_profile") == 12
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    [logged] = warehouse.query(f"SELECT trace FROM decisions WHERE decision_id = '{decided}'").to_pylist()
    warehouse.close()
    assert logged == {"trace": TRACE}


def use(url: str) -> str:
    """Send what a site and its operators send, good and bad; returns the id of a decision."""
    with httpx.Client(base_url=url, timeout=60) as client:
        post, get = client.post, client.get
        assert post("/v1/events", json=events(12), headers=FROM_PAGE).status_code == 202
        plain = {"authorization": f"Bearer {WRITE_KEY}"}
        bad = events(1)[0] | {"event_id": "slartibartfast-bad", "kind": f"{USER}?"}
        assert post("/v1/events", json=[bad, *events(1)], headers=plain).status_code == 400
        assert post("/v1/events", json=bad, headers=plain).status_code == 400
        assert post("/v1/events", json=events(1), params={"write_key": SECRET}).status_code == 401
        track: dict[str, Any] = {
            "userId": USER,
            "anonymousId": DEVICE,
            "messageId": "slartibartfast-s",
            "event": "Order Completed",
        }
        track |= {"properties": {"email": "arthur@dent.example"}, "context": {"ip": ADDRESS}}
        assert post("/v1/t", json=track | {"writeKey": WRITE_KEY}, headers={"x-forwarded-for": ADDRESS}).is_success
        assert post("/mp/collect", params={"api_secret": WRITE_KEY, "measurement_id": "G-1"}, content=USER).is_error
        assert get(f"/v1/projects/{WRITE_KEY}/settings").is_success
        item = {"item_id": "a", "name": "marvin", "category": "shoes"}
        assert client.put("/v1/items", json=[item, {"item_id": USER, "price": USER}], headers=plain).status_code == 400
        assert post("/v1/firebase", json={"eventDim": [{"name": USER}], "userDim": {"userId": USER}}).is_success
        assert post("/v1/firebase", content=f"{{{USER}").is_error
        await_folds(client, 14)
        assert get("/v1/recommendations", params={"user_id": USER, "n": "3"}, headers=FROM_PAGE).is_success
        asked = get("/v1/recommendations", params={"user_id": STRANGER}, headers=FROM_PAGE)  # who is not erased below
        assert asked.status_code == 200, asked.text
        assert get("/v1/recommendations", params={"user_id": USER, "n": USER}, headers=plain).status_code == 400
        assert get("/v1/recommendations/why", params={"user_id": USER, "item_id": "a"}, headers=plain).is_success
        assert get(f"/v1/profiles/{USER}", headers=OPERATOR).json()["user_id"] == USER
        assert get(f"/v1/profiles/{USER}/explain", headers=OPERATOR).is_success
        assert get(f"/v1/nowhere/{USER}").status_code == 404
        assert post("/v1/pull", headers=OPERATOR).is_success
        assert post("/v1/sweep", headers=OPERATOR).is_success
        assert get("/v1/privacy/export", params={"user_id": USER}, headers=OPERATOR).is_success
        assert post("/v1/privacy/erase", json={"user_id": USER}, headers=OPERATOR).is_success
        return str(asked.json()["decision_id"])


def await_folds(client: httpx.Client, number: int) -> None:
    while sum((found := client.get("/stack/status").json()["outcomes"]).values()) < number:
        time.sleep(0.05)
    assert sum(found.values()) == number, found


async def test_one_trace_through_pubsub(on_emulators: dict[str, str], tmp_path: Path) -> None:
    project = f"test-{uuid4().hex[:12]}"
    stores = on_emulators["FIRESTORE_EMULATOR_HOST"], on_emulators["PUBSUB_EMULATOR_HOST"]
    settings = on_gcp(project, *stores)
    pubsub.create_topics(project)
    names = ("collect", "update_profile", "recommend")
    with SubscriberClient() as subscriber, running(names, tmp_path, settings) as functions:
        decisions = pubsub.create_pull(subscriber, project, "decisions")
        pubsub.create_push(project, "events", "update_profile", functions["update_profile"].url)
        async with httpx.AsyncClient(timeout=60) as client:
            cloud = {"x-cloud-trace-context": f"{OTHER_TRACE}/1;o=1"}
            for batch, headers in ((events(5), FROM_PAGE), (events(6)[5:], cloud)):
                taken = await client.post(f"{functions['collect'].url}/v1/events", json=batch, headers=headers)
                assert taken.status_code == 202
            folding = functions["update_profile"].url
            while sum((await client.get(folding)).json()["outcomes"].values()) < 6:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)
            asked = await client.get(
                f"{functions['recommend'].url}/v1/recommendations", params={"user_id": USER}, headers=FROM_PAGE
            )
            assert asked.status_code == 200
        for function in functions.values():
            function.process.terminate()
        assert [await function.ends() for function in functions.values()] == [0, 0, 0]
        [(_, decision)] = pubsub.pull(subscriber, decisions, 10) or [("", b"")]
    lines = [line for function in functions.values() for line in read(function.log.read_text())]
    assert msgspec.json.decode(decision)["trace"] == TRACE
    trace = f"projects/{project}/traces/{TRACE}"
    assert [line["logging.googleapis.com/trace"] == trace for line in of(lines, "collect")][-2:] == [True, False]
    folded = [line for line in of(lines, "update_profile") if line["outcome"] == "applied"]
    assert sorted(line["logging.googleapis.com/trace"][-32:] for line in folded) == [TRACE] * 5 + [OTHER_TRACE]
    assert all(line["freshness_ms"] > 0 for line in folded)
    place = Settings(backend="gcp", project=project)
    documents = wiring.documents(place)
    written = await documents.get("profiles", f"u:{USER}")
    await wiring.close_all()
    assert written is not None
    assert written.fields["trace"] in (TRACE, OTHER_TRACE)
