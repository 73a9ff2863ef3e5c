"""The stand-in for the Google provider: its schema is the real one's, and Terraform's core takes it for a provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.children import ChildError
from infra.local.terraform import schemas as sources
from infra.local.terraform.access import Grant, grants
from infra.local.terraform.core import core
from infra.local.terraform.rehearsal import Rehearsal, TerraformError, rehearsal
from infra.local.terraform.schema import Attribute
from infra.local.terraform.schemas import Schemas
from infra.local.tools import ToolMissingError

HEAD = """
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}
variable "project" {}
variable "region" {}
variable "images" {}
provider "google" {
  project = var.project
}
"""


@contextmanager
def written(folder: Path, text: str) -> Iterator[Rehearsal]:
    folder.joinpath("main.tf").write_text(HEAD + text)
    with rehearsal(folder) as rehearsed:
        yield rehearsed


def planned(folder: Path, text: str, foresee: bool = True) -> dict[str, dict[str, Any]]:
    """The values of everything that the text makes, by address."""
    (folder / "none.tfvars").touch()
    with written(folder, text) as rehearsed:
        return {one.address: one.values for one in rehearsed.plan(folder / "none.tfvars", foresee)}


def test_the_schema_is_the_real_ones(schemas: Schemas) -> None:
    subscription = schemas.resources["google_pubsub_subscription"]
    assert subscription.attributes["topic"] == Attribute("string", "required")
    assert subscription.attributes["labels"] == Attribute(["map", "string"], "optional")
    assert subscription.attributes["effective_labels"].use == "computed"
    assert (subscription.blocks["push_config"].least, subscription.blocks["push_config"].most) == (0, 1)
    assert subscription.blocks["push_config"].block.attributes["push_endpoint"].use == "required"
    assert subscription.blocks["message_transforms"].most == 0
    service = schemas.resources["google_cloud_run_v2_service"]
    assert (service.blocks["template"].nesting, service.blocks["template"].least) == ("list", 1)
    assert service.attributes["uri"].use == "computed"
    assert "INGRESS_TRAFFIC_ALL" in service.attributes["ingress"].choices
    assert schemas.resources["google_project_iam_binding"].attributes["members"].type == ["set", "string"]
    assert schemas.data["google_project"].attributes["number"].use == "computed"
    assert schemas.provider.attributes["project"].type == "string"


def test_the_schema_has_more_than_a_thousand_resources(schemas: Schemas) -> None:
    assert len(schemas.resources) > 1_000
    assert len(schemas.data) > 300


def test_other_bytes_than_the_pinned_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SHA256", "0" * 64)
    with pytest.raises(ToolMissingError, match=r"(?s)cdktf-cdktf-provider-google.*DO NOT MATCH THE HASHES"):
        sources.read_schemas(tmp_path)


MISTAKES = {
    "a type that does not exist": ('resource "google_pubsub_topik" "a" {}', "Invalid resource type", 13),
    "a block too many": (
        """resource "google_pubsub_subscription" "a" {
             name  = "a"
             topic = "a"
             retry_policy {}
             retry_policy {}
           }""",
        "Too many retry_policy blocks",
        17,
    ),
    "a block too few": (
        'resource "google_cloud_run_v2_service" "a" {\n  name     = "a"\n  location = "a"\n}',
        "Insufficient template blocks",
        13,
    ),
    "an argument missing in a block": (
        """resource "google_pubsub_subscription" "a" {
             name  = "a"
             topic = "a"
             push_config {}
           }""",
        "Missing required argument",
        16,
    ),
    "a place in a set": (
        """resource "google_project_iam_binding" "a" {
             project = "a"
             role    = "a"
             members = ["a"]
           }
           output "a" {
             value = google_project_iam_binding.a.members[0]
           }""",
        "Invalid index",
        19,
    ),
    "a string that is no choice, in a block": (
        """resource "google_pubsub_topic" "a" {
             name = "a"
             schema_settings {
               schema   = "a"
               encoding = "YAML"
             }
           }""",
        "expected encoding to be one of ENCODING_UNSPECIFIED, JSON, BINARY, got YAML",
        17,
    ),
    "a result that is set": (
        'resource "google_service_account" "a" {\n  account_id = "a"\n  email      = "a"\n}',
        "email cannot be set",
        15,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_where_they_are(tmp_path: Path, mistake: str) -> None:
    text, summary, line = MISTAKES[mistake]
    with written(tmp_path, text) as rehearsed:
        [problem] = rehearsed.problems()
    assert problem.summary.startswith(summary)
    assert problem.where == f"main.tf:{line}"


def test_what_google_would_compute_is_unknown_to_a_plan_unless_it_foresees(tmp_path: Path) -> None:
    text = """
        resource "google_pubsub_topic" "events" {
          name = "the-events"
        }
        resource "google_pubsub_subscription" "all" {
          name  = "all"
          topic = google_pubsub_topic.events.id
        }
    """
    found = planned(tmp_path, text, foresee=False)
    assert "topic" not in found["google_pubsub_subscription.all"]
    assert found["google_pubsub_topic.events"]["project"] == "rehearsal"
    found = planned(tmp_path, text)
    assert found["google_pubsub_subscription.all"]["topic"] == "google_pubsub_topic:the-events.id"


def test_a_data_source_tells_what_it_is_asked_for(tmp_path: Path) -> None:
    text = """
        data "google_project" "this" {}
        resource "google_pubsub_topic" "a" {
          name = "${data.google_project.this.project_id}-${data.google_project.this.number}"
        }
    """
    assert planned(tmp_path, text)["google_pubsub_topic.a"]["name"] == "rehearsal-data.google_project.number"


def test_grants_name_who_may_do_what(tmp_path: Path) -> None:
    text = """
        resource "google_service_account" "function" {
          for_each   = toset(["collect", "sweep"])
          account_id = "attune-${each.key}"
        }
        resource "google_pubsub_topic" "events" {
          name = "events"
        }
        resource "google_pubsub_topic_iam_member" "publish" {
          topic  = google_pubsub_topic.events.id
          role   = "roles/pubsub.publisher"
          member = google_service_account.function["collect"].member
        }
        resource "google_project_iam_binding" "documents" {
          project = var.project
          role    = "roles/datastore.user"
          members = ["allUsers", "serviceAccount:${google_service_account.function["sweep"].email}"]
          condition {
            title      = "one database"
            expression = "resource.name == 'x'"
          }
        }
    """
    (tmp_path / "none.tfvars").touch()
    with written(tmp_path, text) as rehearsed:
        found = grants(rehearsed.plan(tmp_path / "none.tfvars", foresee=True))
    assert found == [
        Grant("allUsers", "datastore.user", "project", "resource.name == 'x'"),
        Grant("attune-collect", "pubsub.publisher", "topic events"),
        Grant("attune-sweep", "datastore.user", "project", "resource.name == 'x'"),
    ]


def test_a_plan_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="cannot convert"):
        planned(tmp_path, 'resource "google_pubsub_topic" "a" {\n  name = tonumber("a")\n}')


def test_the_death_of_terraform_is_told(tmp_path: Path) -> None:
    nowhere = {"PYTHONPATH": str(tmp_path)}
    with core(nowhere, tmp_path) as terraform, pytest.raises(ChildError, match="terraform version: its process died"):
        terraform.run(tmp_path, "version")
