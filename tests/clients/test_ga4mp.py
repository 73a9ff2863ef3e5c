"""ga4mp, the Measurement Protocol client, sends to a running stack; its events are read in the warehouse."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError

import duckdb
import httpx
import pytest
from ga4mp import FirebaseMP, GtagMP
from ga4mp.ga4mp import BaseGa4mp

from infra.local.process import running

KEY = "wk-4f1c0de5-never-in-a-log"
ITEMS = [
    {"item_id": "SKU1", "item_name": "Shirt", "item_category": "Apparel", "price": 10.0, "quantity": 2},
    {"item_id": "SKU2", "item_name": "Hat", "item_category": "Apparel", "price": 5.5, "quantity": 1},
]
LOGGED = """
    SELECT kind, user_id, anonymous_id, item_ids, value, currency, category, context.session_id, properties
    FROM events WHERE context.source = 'ga4' ORDER BY kind, anonymous_id, event_id
"""


def client_of(url: str, key: str = KEY) -> GtagMP:
    return redirected(GtagMP(api_secret=key, measurement_id="G-1", client_id="123456.7654321"), url)


def redirected(client: BaseGa4mp, url: str) -> BaseGa4mp:
    """The client sends to a host that is fixed, but kept in an attribute."""
    client._base_domain = f"{url}/mp/collect"
    return client


def made(client: BaseGa4mp, name: str, **params: object) -> dict[str, object]:
    event = client.create_new_event(name)
    for key, value in params.items():
        event.set_event_param(key, value)
    event.setdefault("params", {})
    return event  # type: ignore[no-any-return]


def shop(url: str) -> None:
    """What a person does, as the library's own documentation sends it; any answer but 2xx raises."""
    client = client_of(url)
    view = made(client, "view_item", currency="USD", value=10.0)
    item = client.create_new_event("view_item").create_new_item(item_id="SKU1", item_name="Shirt")
    item.set_parameter("price", 10.0)
    view["params"]["items"] = [item]  # type: ignore[index]
    client.store.set_user_property("user_id", "u1")
    client.store.set_user_property("plan", "pro")
    client.send([view])
    purchase = made(client, "purchase", currency="USD", value=25.5, transaction_id="T1")
    purchase["params"]["items"] = ITEMS  # type: ignore[index]
    sent = [purchase, made(client, "search", search_term="hats")]
    at = datetime.now() - timedelta(hours=1)  # noqa: DTZ005 - the library wants it so
    for _ in range(2):  # with a time it is the same event when it is sent again
        client.send(sent, date=at)
    client.send([made(client, "tour_taken")], postpone=True)
    client.postponed_send()
    app = redirected(FirebaseMP(api_secret=KEY, firebase_app_id="1:2:web:3", app_instance_id="abc"), url)
    app.send([made(app, "add_to_cart", currency="EUR", value=5.5, item_id="SKU2") for _ in range(26)])


def await_quiet(url: str) -> None:
    """Wait until no event waits for a subscriber."""
    while any(httpx.get(f"{url}/stack/status").json()["waiting"].values()):
        time.sleep(0.05)


def test_what_the_client_sends_is_in_the_warehouse(tmp_path: Path) -> None:
    with running("embedded", tmp_path, settings={"ATTUNE_WRITE_KEYS": KEY}) as stack:
        shop(stack.url)
        with pytest.raises(HTTPError, match="400"):
            client_of(stack.url).send([{"name": "purchase", "params": {"value": "ten"}}])
        with pytest.raises(HTTPError, match="401"):
            client_of(stack.url, "another").send([{"name": "search", "params": {}}])
        await_quiet(stack.url)
        assert stack.stop() == 0
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as warehouse:
        rows = warehouse.execute(LOGGED).fetchall()
    by_kind: dict[str, list[tuple[object, ...]]] = {}
    for kind, *facts in rows:
        by_kind.setdefault(kind, []).append(tuple(facts))
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "add_to_cart": 26,
        "custom": 1,
        "item_view": 1,
        "purchase": 2,
        "search": 2,
    }
    [view] = by_kind["item_view"]
    assert view[:5] == ("u1", "123456.7654321", ["SKU1"], 10.0, "USD")
    assert by_kind["purchase"][0][:6] == ("u1", "123456.7654321", ["SKU1", "SKU2"], 25.5, "USD", "Apparel")
    assert by_kind["purchase"][0] == by_kind["purchase"][1]
    assert view[6]
    assert by_kind["add_to_cart"][0][:5] == (None, "abc", ["SKU2"], 5.5, "EUR")
    assert "tour_taken" in str(by_kind["custom"][0][-1])
