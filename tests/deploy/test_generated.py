"""What Terraform is given of the Event, the tables and the SQL, on what will have to take it."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from google.api_core.exceptions import InvalidArgument
from google.cloud.pubsub_v1 import PublisherClient, SchemaServiceClient
from google.pubsub_v1.types import Encoding, Schema
from sqlglot import exp

from infra.deploy.generated import FOLDER, files, text
from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared.events.event import Context, Event, encode_event
from shared.sql import read_sql
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.deploy.environments import Made

NOW = datetime.now(UTC)
FULL = Event(
    event_id="1",
    kind="purchase",
    occurred_at=NOW - timedelta(days=2),
    received_at=NOW,
    user_id="ann",
    item_ids=("a", "b"),
    value=12.5,
    context=Context(page_url="https://shop.example/é", session_duration_s=3.0),
    consent=("personalization",),
    properties={"colour": {"dark": [1, 2.5, None, True, 'Ü"\\']}},
)
LEAN = Event(event_id="2", kind="click", occurred_at=NOW - timedelta(days=2), anonymous_id="d")


@pytest.mark.parametrize("name", files())
def test_files_say_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == text(files()[name]), "run python -m infra.deploy.generated"


def test_pubsub_takes_events_and_nothing_without_id_kind_and_time(on_emulators: dict[str, str]) -> None:
    """By Google's emulator, which checks messages as the service does."""
    schemas, publisher = SchemaServiceClient(), PublisherClient()
    definition = (FOLDER / "event.avsc").read_text()
    made = schemas.create_schema(
        parent="projects/generated", schema=Schema(type_=Schema.Type.AVRO, definition=definition), schema_id="event"
    )
    topic = "projects/generated/topics/events"
    settings = {"schema": made.name, "encoding": Encoding.JSON}
    publisher.create_topic(request={"name": topic, "schema_settings": settings})
    for event in (FULL, LEAN):
        assert publisher.publish(topic, encode_event(event), kind=event.kind).result()
    for missing in ("event_id", "kind", "occurred_at"):
        fields = json.loads(encode_event(LEAN))
        del fields[missing]
        with pytest.raises(InvalidArgument):
            publisher.publish(topic, json.dumps(fields).encode()).result()


@pytest.mark.skipif(
    not shutil.which("node") and os.environ.get("CI") != "true", reason="needs Node.js 20 or later, as CI has"
)
@pytest.mark.parametrize("event", [FULL, LEAN], ids=["full", "lean"])
def test_rows_are_the_bridges(made: Made, event: Event) -> None:
    """What Pub/Sub's JavaScript makes of a message for BigQuery is what the local stack's bridge makes of it."""
    [transform] = made.named("pubsub_subscription")["events-to-warehouse"]["message_transforms"]
    [function] = transform["javascript_udf"]
    message = json.dumps({"data": encode_event(event).decode(), "attributes": {"kind": event.kind}})
    call = f"{function['code']}; console.log(JSON.stringify({function['function_name']}({message}, {{}})))"
    told = json.loads(subprocess.run(["node", "-e", call], capture_output=True, check=True, text=True).stdout)
    assert told["attributes"] == {"kind": event.kind}
    assert _read(json.loads(told["data"])) == _read(to_row(encode_event(event)))


def test_statements_name_tables_that_there_are(made: Made) -> None:
    """In full: BigQuery looks for other names nowhere."""
    tables = {f"rehearsal.{made.settings().dataset}.{name}" for name in (*files()["tables.json"], "daily")}
    views = [view["query"] for table in made.of("bigquery_table") for view in table["view"]]
    scheduled = [one["params"]["query"] for one in made.of("bigquery_data_transfer_config")]
    assert len(views) == len(list((ROOT / "infra/sql").glob("view_*.sql")))
    assert len(scheduled) == len(list((ROOT / "infra/sql").glob("scheduled_*.sql")))
    for script in (*views, *scheduled):
        statements = sqlglot.parse(script, dialect="bigquery")
        named = {_name(table) for statement in statements if statement for table in statement.find_all(exp.Table)}
        assert named
        assert named <= tables


def test_views_and_scheduled_statements_count_each_event_once(tmp_path: Path) -> None:
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    warehouse.run(read_sql("tables"))
    old = Event(event_id="3", kind="click", occurred_at=NOW - timedelta(days=30), anonymous_id="d")
    ahead = Event(event_id="4", kind="click", occurred_at=NOW + timedelta(days=1), anonymous_id="d")
    for event in (FULL, LEAN, LEAN, old, ahead):
        warehouse.append("events", [to_row(encode_event(event))])
    assert sorted(warehouse.query(read_sql("view_events_once"))["event_id"].to_pylist()) == ["1", "2", "3", "4"]
    for _ in range(2):
        warehouse.run(read_sql("scheduled_daily"))
    day = FULL.occurred_at.date()
    assert sorted(warehouse.query("SELECT * FROM daily").to_pylist(), key=lambda row: row["kind"]) == [
        {"day": day, "kind": "click", "events": 1, "people": 1, "worth": None},
        {"day": day, "kind": "purchase", "events": 1, "people": 1, "worth": 12.5},
    ]
    warehouse.close()


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """With its JSON read: spaces and escapes do not matter."""
    return {**row, "properties": json.loads(row["properties"])} if "properties" in row else row
