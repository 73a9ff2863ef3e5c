"""What the variables of infra/terraform/ change, and which values they refuse."""

import ast
import json
import re
from pathlib import Path

import pytest

from infra.deploy.gcloud import service_name
from infra.local.layout import FUNCTIONS, Function
from infra.local.terraform.access import grants
from infra.local.terraform.rehearsal import FILLED_IN, TERRAFORM, Rehearsal, TerraformError
from shared import telemetry
from tests.deploy.environments import Made

SERVER = "serviceAccount:shop@other.iam.gserviceaccount.com"
BY_NAME = {function.name: function for function in FUNCTIONS}


VARIABLE = re.compile(
    r'^variable "(\w+)" \{\n  description = "(.*)"\n  type        = .*\n(?:  default     = (.*)\n)?', re.MULTILINE
)


def planned(stage: Rehearsal, folder: Path, **variables: object) -> Made:
    given = folder / "given.tfvars.json"
    given.write_text(json.dumps(FILLED_IN | variables))
    return Made(stage.plan(given, foresee=True))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("settings", {"half_live_days": "7"}),
        ("settings", {"write_keys": "in the state for all to see"}),
        ("settings", {"iam_callers": SERVER}),
        ("secrets", ["write_keys"]),
        ("secrets", ["operator_keys", "half_life_days"]),
        ("public", ["privacy"]),
        ("invokers", {"privacy": ["allUsers"]}),
        ("invokers", {"nothing": [SERVER]}),
        ("publishers", {"events": [SERVER]}),
        ("images", {"collect": FILLED_IN["images"]["collect"]}),  # type: ignore[index]
        ("train_minutes", 1_440),
        ("event_days", 7),
        ("alert_email", "somebody"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(
    stage: Rehearsal, tmp_path: Path, variable: str, value: object
) -> None:
    with pytest.raises(TerraformError, match=rf"(?s)Invalid value for variable.*{variable}: expected"):
        planned(stage, tmp_path, **{variable: value})


def test_servers_are_believed_only_where_iam_checks_them(stage: Rehearsal, tmp_path: Path) -> None:
    """A public service is told of none: anybody could write a token that says so."""
    called = {"profiles": [SERVER, "group:support@example.com"], "recommend": [SERVER]}
    made = planned(stage, tmp_path, public=["recommend"], invokers=called)
    believed = {name: made.settings(function).iam for name, function in BY_NAME.items()}
    assert {name: callers for name, callers in believed.items() if callers} == {
        "profiles": {SERVER.removeprefix("serviceAccount:")}
    }
    may_call = {(one.who, one.what) for one in grants(made.resources) if one.role == "run.invoker"}
    assert ("group:support@example.com", "service attune-profiles") in may_call


def test_a_long_training_is_a_job(stage: Rehearsal, tmp_path: Path) -> None:
    short, long = (planned(stage, tmp_path, train_minutes=minutes) for minutes in (25, 26))
    assert [bool(made.of("cloud_run_v2_job")) for made in (short, long)] == [False, True]
    [at_night] = [one for one in long.of("cloud_scheduler_job") if one["name"] == "attune-retrain"]
    assert at_night["http_target"][0]["uri"].endswith(":run")
    [again] = [one for one in short.of("cloud_scheduler_job") if one["name"] == "attune-retrain"]
    assert again["http_target"][0]["uri"].endswith("/v1/retrain")


def test_without_images_nothing_runs_and_the_data_stays(stage: Rehearsal, tmp_path: Path) -> None:
    made = planned(stage, tmp_path, images={})
    for kind in ("cloud_run_v2_service", "cloud_scheduler_job", "monitoring_alert_policy"):
        assert made.of(kind) == []
    assert list(made.named("pubsub_subscription")) == ["dead-letters-kept"]
    for kind in ("firestore_database", "bigquery_table", "secret_manager_secret", "artifact_registry_repository"):
        assert made.of(kind)


def test_data_goes_only_where_that_is_said(stage: Rehearsal, tmp_path: Path) -> None:
    kept, dropped = (planned(stage, tmp_path, keep_data=keep) for keep in (True, False))
    for made, keep in ((kept, True), (dropped, False)):
        [database] = made.of("firestore_database")
        assert database["delete_protection_state"].endswith("ENABLED") == keep
        assert made.named("bigquery_table", "table_id")["events"]["deletion_protection"] == keep
        [dataset] = made.of("bigquery_dataset")
        assert dataset["delete_contents_on_destroy"] == (not keep)


def needs(function: Function) -> dict[str, object]:
    """The arguments of the function's @served."""
    tree = ast.parse(function.source.read_text())
    names: dict[str, object] = {}
    for node in tree.body:  # what it imports of ours: topics are constants there
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared"):
            exec(compile(ast.Module([node], []), function.name, "exec"), names)  # noqa: S102 - our own code
    [call] = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "served"
    ]
    return {str(one.arg): eval(ast.unparse(one.value), names) for one in call.keywords}  # noqa: S307 - our own code


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_whatever_a_function_needs_to_be_ready_it_may_do(made: Made, function: Function) -> None:
    needed, account = needs(function), service_name(function.name)
    may = {(one.role, one.what) for one in grants(made.resources) if one.who == account}
    topics = needed.get("topics", ())
    assert isinstance(topics, tuple)
    assert {("pubsub.publisher", f"topic {topic}") for topic in topics} <= may
    assert ("warehouse" in needed) == (("bigquery.jobUser", "project") in may)
    assert ("datastore.user", "project") in may


def test_figures_are_of_fields_that_the_log_has() -> None:
    text = (TERRAFORM / "metrics.tf").read_text()
    fields = set(re.findall(r"jsonPayload\.(\w+)", text))
    assert fields >= {"function", "outcome", "freshness_ms"}
    assert fields <= set(telemetry._Line.__struct_fields__)
    for outcome in re.findall(r'\\"(\w+)\\"', text.partition("jsonPayload.outcome=")[2].partition(")")[0]):
        assert outcome in telemetry.OUTCOMES


def test_the_dashboard_shows_figures_that_there_are(made: Made) -> None:
    [dashboard] = made.of("monitoring_dashboard")
    shown = json.loads(dashboard["dashboard_json"])
    filters = re.findall(r"logging.googleapis.com/user/([\w/]+)", json.dumps(shown))
    assert set(filters) == set(made.named("logging_metric"))
    assert len(shown["mosaicLayout"]["tiles"]) == 10


def test_the_readme_tells_every_variable_and_file() -> None:
    text = (TERRAFORM / "README.md").read_text()
    files = sorted(TERRAFORM.glob("*.tf"))
    found = [one for file in files if file.stem.startswith("variables") for one in VARIABLE.findall(file.read_text())]
    rows = {
        f"| `{name}` | {f'`{default}`' if default else 'required'} | {description} |".replace('\\"', '"')
        for name, description, default in found
    }
    table = {line for line in text.partition("| variable |")[2].splitlines() if line.startswith("| `")}
    assert rows == table
    named = [
        pattern for line in text.splitlines() if line.startswith("| `") for pattern in re.findall(r"[\w*]+\.tf", line)
    ]
    assert [file.name for file in files if not any(file.match(pattern) for pattern in named)] == []
