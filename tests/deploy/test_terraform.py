"""infra/terraform/ by Terraform's own core, against the Google provider's real schema."""

import json
from pathlib import Path

import pytest

from infra.cli import main
from infra.local.layout import ROOT
from infra.local.terraform.rehearsal import FILLED_IN, Rehearsal, TerraformError
from tests.deploy.environments import EXAMPLES, Made


def test_there_are_two_example_environments() -> None:
    assert len(EXAMPLES) == 2


def test_it_is_formatted(stage: Rehearsal) -> None:
    assert stage.unformatted() == ""


def test_it_is_valid(stage: Rehearsal) -> None:
    assert stage.problems() == []


@pytest.mark.parametrize("environment", EXAMPLES, ids=lambda path: path.stem)
def test_each_environment_can_be_planned(stage: Rehearsal, environment: Path) -> None:
    """What only Google can tell is unknown to the plan, and is nowhere needed to know what there will be."""
    assert len(stage.plan(environment)) > 200


def test_nothing_is_edited_by_hand_but_project_and_region(stage: Rehearsal, tmp_path: Path) -> None:
    """Without an example environment, every other variable has a default."""
    given = tmp_path / "given.tfvars.json"
    given.write_text(json.dumps(FILLED_IN))
    assert stage.plan(given)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("project", "My Project"), ("project", ""), ("region", "Belgium"), ("images", {"collect": "collect:latest"})],
)
def test_wrong_variables_are_refused(stage: Rehearsal, tmp_path: Path, variable: str, value: object) -> None:
    given = tmp_path / "given.tfvars.json"
    given.write_text(json.dumps(FILLED_IN | {variable: value}))
    with pytest.raises(TerraformError, match=f"(?s)Invalid value for variable.*var.{variable}"):
        stage.plan(given)


def test_plan_and_iam_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--environment", EXAMPLES[0].stem]) == 0
    assert "pubsub topic" in capsys.readouterr().out
    assert main(["iam", "--environment", EXAMPLES[0].stem]) == 0
    assert "pubsub.publisher" in capsys.readouterr().out


def test_an_unknown_environment_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--environment", "nowhere"]) == 2
    assert f"expected {EXAMPLES[0].stem} or {EXAMPLES[1].stem}, found nowhere" in capsys.readouterr().err


def test_terraform_itself_is_in_no_image() -> None:
    """Its licence allows development, not what Attune's allows."""
    for lock in ROOT.glob("functions/*/requirements*"):
        assert "terraform" not in lock.read_text()


PICTURE = {
    "cloud_run_v2_service": {"collect", "normalize", "update_profile", "recommend", "retrain", "sweep"},
    "pubsub_topic": {"events", "persona-changes", "decisions", "segment-raw"},
    "pubsub_subscription": {"events-to-warehouse", "decisions-to-warehouse", "update_profile", "normalize"},
    "bigquery_table": {"events", "decisions"},
    "firestore_database": {"(default)"},
    "cloud_scheduler_job": {"retrain", "sweep"},
}
"""Every box and every arrow of the picture at the head of the README, and what feeds `normalize`."""


@pytest.mark.parametrize("kind", PICTURE)
def test_the_plan_has_every_part_of_the_picture(made: Made, kind: str) -> None:
    argument = "table_id" if kind == "bigquery_table" else "name"
    names = {name.removeprefix("attune-").replace("-", "_") for name in made.named(kind, argument)}
    assert {name.replace("-", "_") for name in PICTURE[kind]} <= names
