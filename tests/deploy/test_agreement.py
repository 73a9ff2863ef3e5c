"""Terraform, the code and the SQL name the same things."""

import json
import re
from functools import cache
from typing import Any, get_type_hints

import pytest

from infra.deploy.gcloud import service_name
from infra.local.layout import DEAD_LETTERS, FUNCTIONS, MAX_ATTEMPTS, ROOT, TABLES, TOPICS, Function
from infra.local.router import owner
from infra.local.terraform.access import plain
from infra.local.terraform.rehearsal import FILLED_IN
from shared.events.event import Event
from shared.settings import PREFIX, Settings
from shared.wiring import KEPT_LETTERS
from tests.deploy.environments import Made
from tests.unit.test_sql_tables import columns, fields

PUSHED = [function for function in FUNCTIONS if function.topic]
SECRETS = {name for name in Settings.__struct_fields__ if name.endswith(("_keys", "_secret", "_secrets"))}
OWN_PUBLISHERS_ONLY = {"events", "items", "refolds", "privacy-requests"}
"""Topics whose messages have an ordering key, as all who publish there are ours."""

LEGACY = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
}
AVRO = {"string": "STRING", "double": "FLOAT64", "long": "INT64", "boolean": "BOOL"}


@cache
def code() -> str:
    """Everything that the functions are made of."""
    files = [file for part in ("shared", "functions") for file in sorted((ROOT / part).rglob("*.py"))]
    return "\n".join(file.read_text() for file in files)


def column(described: dict[str, Any]) -> str:
    """A column of a table's schema at BigQuery's API, as GoogleSQL writes its type."""
    kind = LEGACY.get(described["type"], described["type"])
    if kind == "STRUCT":
        inner = [f"{one['name']} {column(one)}" for one in described["fields"]]
        kind = f"STRUCT<{', '.join(inner)}>"
    return f"ARRAY<{kind}>" if described.get("mode") == "REPEATED" else kind


def test_functions_are_folders_and_services(made: Made) -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/main.py")}
    assert folders == {function.name for function in FUNCTIONS}
    assert set(made.named("cloud_run_v2_service")) == {service_name(name) for name in folders}


def test_topics(made: Made) -> None:
    assert set(made.named("pubsub_topic")) == set(TOPICS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_function_is_a_service_of_its_own_image_and_account(made: Made, function: Function) -> None:
    service = made.service(function)
    [template] = service["template"]
    [container] = template["containers"]
    assert container["image"] == FILLED_IN["images"][function.name]  # type: ignore[index]
    assert plain(template["service_account"]) == service_name(function.name)
    assert 1 <= template["max_instance_request_concurrency"] <= 1_000


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_service_starts_with_settings_that_the_code_reads(made: Made, function: Function) -> None:
    environment, settings = made.environment(function), made.settings(function)
    assert all(name.startswith(PREFIX) for name in environment)
    assert (settings.backend, settings.project) == ("gcp", FILLED_IN["project"])
    assert settings.database in made.named("firestore_database")
    assert settings.dataset in made.named("bigquery_dataset", "dataset_id")
    assert f"{PREFIX}COMMIT" not in environment, "the image tells it"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_secrets_are_never_plain(made: Made, function: Function) -> None:
    secret = made.secrets(function)
    assert set(secret) == {name.removeprefix(PREFIX).lower() for name in made.environment(function)} & SECRETS
    assert {plain(name) for name in secret.values()} <= set(made.named("secret_manager_secret", "secret_id"))


@pytest.mark.parametrize("function", PUSHED, ids=lambda function: function.name)
def test_each_topic_is_pushed_to_its_function(made: Made, function: Function) -> None:
    pushed = made.named("pubsub_subscription")[function.name]
    [push], [letters], service = pushed["push_config"], pushed["dead_letter_policy"], made.service(function)
    assert plain(pushed["topic"]) == function.topic
    assert push["push_endpoint"] == push["oidc_token"][0]["audience"] == service["uri"]
    assert (plain(letters["dead_letter_topic"]), letters["max_delivery_attempts"]) == (DEAD_LETTERS, MAX_ATTEMPTS)
    assert pushed["enable_message_ordering"] == (function.topic in OWN_PUBLISHERS_ONLY)
    # Pub/Sub waits for an answer as long as for the acknowledgement: 10 to 600 seconds.
    assert f"{pushed['ack_deadline_seconds']}s" == service["template"][0]["timeout"]
    assert 10 <= pushed["ack_deadline_seconds"] <= 600
    assert pushed["retry_policy"]
    assert pushed["expiration_policy"] == [{"ttl": ""}], "a subscription that is silent for a month would be forgotten"


@pytest.mark.parametrize("topic", TABLES)
def test_each_logged_topic_fills_its_table(made: Made, topic: str) -> None:
    logged = made.named("pubsub_subscription")[f"{topic}-to-warehouse"]
    [config], [letters], settings = logged["bigquery_config"], logged["dead_letter_policy"], made.settings()
    assert plain(logged["topic"]) == topic
    assert config["table"] == f"{settings.project}.{settings.dataset}.{TABLES[topic]}"
    assert config["use_table_schema"]
    assert plain(letters["dead_letter_topic"]) == DEAD_LETTERS


def test_dead_letters_are_kept(made: Made) -> None:
    subscriptions = made.named("pubsub_subscription")
    assert plain(subscriptions[KEPT_LETTERS]["topic"]) == DEAD_LETTERS
    others = {f.name for f in PUSHED} | {f"{topic}-to-warehouse" for topic in TABLES}
    assert set(subscriptions) - {KEPT_LETTERS} == others


@pytest.mark.parametrize("table", ["events", "items", "decisions", "quarantined"])
def test_tables_have_the_columns_of_the_sql(made: Made, table: str) -> None:
    found = made.named("bigquery_table", "table_id")[table]
    described = json.loads(found["schema"])
    assert {one["name"]: column(one) for one in described} == columns(table)


def test_the_log_has_the_fields_of_the_event(made: Made) -> None:
    events = made.named("bigquery_table", "table_id")["events"]
    described = json.loads(events["schema"])
    assert {one["name"]: column(one) for one in described} == fields(Event)
    assert {one["name"] for one in described if one.get("mode") == "REQUIRED"} == {"event_id", "kind", "occurred_at"}


@pytest.mark.parametrize("table", ["events", "items", "decisions"])
def test_logs_are_partitioned_and_clustered_as_in_the_sql(made: Made, table: str) -> None:
    sql = (ROOT / "infra" / "sql" / "tables.sql").read_text()
    found = re.search(rf"EXISTS {table} \(.*?\nPARTITION BY DATE\((\w+)\)\nCLUSTER BY ([\w, ]+);", sql, re.DOTALL)
    assert found
    declared = made.named("bigquery_table", "table_id")[table]
    assert [one["field"] for one in declared["time_partitioning"]] == [found[1]]
    assert declared["clustering"] == found[2].split(", ")


def test_the_schema_of_the_topic_is_the_events(made: Made) -> None:
    [schema] = made.of("pubsub_schema")
    avro = json.loads(schema["definition"])
    hints = fields(Event)
    assert schema["type"] == "AVRO"
    for field in avro["fields"]:
        kind = field["type"]
        assert hints[field["name"]] in ("TIMESTAMP", AVRO.get(str(kind), "")), field
    assert {"event_id", "kind", "occurred_at"} <= {field["name"] for field in avro["fields"]}
    assert get_type_hints(Event).keys() >= {field["name"] for field in avro["fields"]}


def test_schedules_call_routes_that_there_are(made: Made) -> None:
    called = set()
    for job in made.of("cloud_scheduler_job"):
        [target] = job["http_target"]
        if target["oauth_token"]:
            continue  # it starts a job
        uri = re.fullmatch(r"google_cloud_run_v2_service:([\w-]+)\.uri(/.*)", target["uri"])
        assert uri
        function = owner(uri[2])
        assert function
        assert service_name(function) == uri[1]
        assert target["oidc_token"][0]["audience"] == f"google_cloud_run_v2_service:{uri[1]}.uri"
        assert int(job["attempt_deadline"].removesuffix("s")) <= 1_800
        called.add(function)
    assert called >= {"sweep", "privacy"}


def test_retraining_has_time_to_end(made: Made) -> None:
    """By the service where Scheduler's half hour is enough, else by a job of the same image."""
    retrain = next(function for function in FUNCTIONS if function.name == "retrain")
    minutes, jobs = made.settings(retrain).train_minutes, made.of("cloud_run_v2_job")
    if jobs:
        [template] = [inner for outer in jobs[0]["template"] for inner in outer["template"]]
        assert template["containers"][0]["image"] == FILLED_IN["images"]["retrain"]  # type: ignore[index]
        assert {one["name"]: one["value"] for one in template["containers"][0]["env"] if one["value"]}.items() <= (
            made.environment(retrain).items()
        )
        assert int(template["timeout"].removesuffix("s")) > minutes * 60
    else:
        assert minutes < 30
        assert int(made.service(retrain)["template"][0]["timeout"].removesuffix("s")) > minutes * 60


def test_documents_are_indexed_as_decided_for_every_collection(made: Made) -> None:
    declared = {(one["collection"], one["field"]): one for one in made.of("firestore_field")}
    collections = set(re.findall(r'^(?:COLLECTION|CARDS|REPORTS) = "(\w+)"', code(), re.MULTILINE))
    assert collections <= {collection for collection, _ in declared}
    for (collection, field), one in declared.items():
        assert f'"{collection}"' in code()
        assert field == "*" or re.search(rf"\b{field}\b", code())
        assert one["index_config"] or one["ttl_config"]


@pytest.mark.parametrize(
    ("kind", "argument", "allowed"),
    [
        ("service_account", "account_id", "[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        ("cloud_run_v2_service", "name", "[a-z][a-z0-9-]{0,47}[a-z0-9]"),
        ("cloud_run_v2_job", "name", "[a-z][a-z0-9-]{0,61}[a-z0-9]"),
        ("cloud_scheduler_job", "name", "[A-Za-z0-9_-]{1,500}"),
        ("pubsub_topic", "name", "(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
        ("pubsub_subscription", "name", "(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
        ("pubsub_schema", "name", "(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
        ("bigquery_table", "table_id", "[A-Za-z0-9_]{1,1024}"),
        ("secret_manager_secret", "secret_id", "[A-Za-z0-9_-]{1,255}"),
        ("storage_bucket", "name", "[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"),
        ("logging_metric", "name", "[A-Za-z0-9_.,+!*',()%/-]{1,100}"),
    ],
)
def test_names_are_such_as_google_takes(made: Made, kind: str, argument: str, allowed: str) -> None:
    """The stand-in does not know; these are the services' own rules."""
    for name in made.named(kind, argument):
        assert re.fullmatch(allowed, name), f"{kind} {name}"
