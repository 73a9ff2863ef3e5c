"""Who may do what, by the plan, against a list written by hand."""

import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.deploy.gcloud import service_name
from infra.local.layout import FUNCTIONS, TABLES, Function
from infra.local.terraform.access import Grant, by_who, grants, plain
from infra.local.terraform.rehearsal import Rehearsal
from shared.readiness import Needs
from tests.deploy.environments import EXAMPLES, Made, make

LIST: dict[str, dict[str, list[str]]] = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text())

EXTRA = """
resource "google_project_iam_member" "extra" {
  project = var.project
  role    = "roles/bigquery.admin"
  member  = google_service_account.functions["collect"].member
}
resource "google_pubsub_topic_iam_member" "extra" {
  topic  = google_pubsub_topic.topics["decisions"].id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${google_service_account.functions["sweep"].email}"
}
"""


def listed(made: Made, account: str) -> list[Grant]:
    """What the list lets the account do in this environment."""
    return [
        Grant(account, role, *place)
        for role, places in LIST.get(account, {}).items()
        for written in places
        for place in meant(made, written)
    ]


def meant(made: Made, written: str) -> Iterator[tuple[str, str]]:
    """(what, condition) of what is written in the list; nothing where the environment has no such thing."""
    settings = made.settings()
    match written:
        case "DATABASE":
            yield "project", f'resource.name == "projects/{settings.project}/databases/{settings.database}"'
        case "GA4":
            yield f"dataset {settings.ga4_dataset}", ""
        case "CATALOGUE":
            _, dataset, table = f"{settings.items_table}..".split(".")[:3]
            yield f"table {dataset} {table}", ""
        case "FACTORS":
            yield f"bucket {settings.factors.removeprefix('gs://').partition('/')[0]}", ""
        case "subscription PUSHED":
            yield from ((f"subscription {function.name}", "") for function in FUNCTIONS if function.topic)
        case "subscription LOGGED":
            yield from ((f"subscription {topic}-to-warehouse", "") for topic in TABLES)
        case "EVERY account" | "EVERY service":
            kind = written.partition(" ")[2]
            yield from ((f"{kind} {service_name(function.name)}", "") for function in FUNCTIONS)
        case _:
            yield written.replace("DATASET", settings.dataset).replace("PROJECT", settings.project), ""


def needed(function: Function) -> Needs:
    """What the function's `@served` names."""
    spec = importlib.util.spec_from_file_location(f"main_of_{function.name}", function.source)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler = getattr(module, function.name)
    while "readiness" not in (held := inspect.getclosurevars(handler).nonlocals):
        handler = handler.__wrapped__
    needs: Needs = held["readiness"]._needs
    return needs


def granted(made: Made) -> dict[str, list[Grant]]:
    return by_who(grants(made.resources))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_no_function_may_do_more_than_its_list(made: Made, function: Function) -> None:
    [template] = made.service(function)["template"]
    account = plain(template["service_account"])
    assert account == service_name(function.name)
    more = set(granted(made)[account]) - set(listed(made, account))
    assert not more, f"not in tests/deploy/access.yaml: {more}"


def test_nobody_else_may_do_more_than_the_list(made: Made) -> None:
    known = set(LIST)
    people = {account for account in granted(made) if account.partition(":")[0] in ("user", "group")}
    assert set(granted(made)) - people <= known
    for account in LIST:
        more = set(granted(made).get(account, ())) - set(listed(made, account))
        assert not more, f"not in tests/deploy/access.yaml: {more}"


def test_the_list_has_nothing_that_no_environment_grants() -> None:
    found = {(g.who, g.role) for example in EXAMPLES for g in grants(make(example).resources)}
    unused = {(account, role) for account, roles in LIST.items() for role in roles} - found
    assert unused <= {("attune-retrain", "storage.objectUser")}, f"listed but never granted: {unused}"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_function_may_do_what_its_code_cannot_do_without(made: Made, function: Function) -> None:
    may = {(grant.role, grant.what) for grant in granted(made)[service_name(function.name)]}
    needs = needed(function)
    assert {("pubsub.publisher", f"topic {topic}") for topic in needs.topics} <= may
    assert ("datastore.user", "project") in may
    assert (("bigquery.jobUser", "project") in may) == needs.warehouse
    secrets = made.secrets(function).values()
    assert {("secretmanager.secretAccessor", f"secret {plain(secret)}") for secret in secrets} <= may


def test_a_grant_too_many_is_noticed(stage: Rehearsal) -> None:
    extra = stage.folder / "extra.tf"
    extra.write_text(EXTRA)
    try:
        made = Made(stage.plan(EXAMPLES[0], foresee=True))
    finally:
        extra.unlink()
    for function, role in (("collect", "bigquery.admin"), ("sweep", "pubsub.publisher")):
        account = service_name(function)
        assert {grant.role for grant in set(granted(made)[account]) - set(listed(made, account))} == {role}


def test_nobody_has_a_role_over_everything(made: Made) -> None:
    for grant in grants(made.resources):
        assert grant.role not in ("owner", "editor", "viewer"), grant
        assert not grant.role.endswith(("admin", "Admin")), grant
        assert grant.who != "allAuthenticatedUsers", grant


def test_grants_are_made_one_by_one_and_nobody_has_a_key(made: Made) -> None:
    """A binding would take away what others have granted; a dataset's `access` grants past this list."""
    types = {one.type for one in made.resources}
    assert not {one for one in types if one.endswith(("_iam_binding", "_iam_policy", "_dataset_access"))}
    assert "google_service_account_key" not in types
    assert all(not dataset["access"] for dataset in made.of("bigquery_dataset"))
