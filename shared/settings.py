"""Settings: one environment variable each, `ATTUNE_` and the field's name in capitals."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.events.kinds import Kind

Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Engine = Literal["implicit", "spark"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything an operator can set. The README lists them; a test compares."""

    backend: Annotated[
        Literal["embedded", "gcp"],
        Meta(description="where documents, topics and tables are: local files or Google Cloud"),
    ] = "embedded"
    data: Annotated[str, Meta(description="folder of the embedded stores")] = ".attune"
    project: Annotated[str, Meta(description="Google Cloud project (gcp)")] = ""
    database: Annotated[str, Meta(description="Firestore database (gcp)")] = "(default)"
    dataset: Annotated[str, Meta(description="BigQuery dataset (gcp)")] = "attune"
    bigquery_endpoint: Annotated[
        str, Meta(description="another address of BigQuery's API, as the local emulator's; without credentials")
    ] = ""
    half_life_days: Annotated[Positive, Meta(description="after so many days of silence an interest counts half")] = (
        14.0
    )
    session_gap_minutes: Annotated[Positive, Meta(description="so much silence ends a session")] = 30.0
    session_cap_hours: Annotated[
        Positive, Meta(description="an unbroken visit counts as one session per so many hours")
    ] = 24.0
    weights: Annotated[
        dict[str, float],
        Meta(description='interest weights that differ from the table of kinds, as JSON: {"purchase": 8}'),
    ] = {}
    event_names: Annotated[
        dict[str, Kind],
        Meta(description='a site\'s own event names and their kinds, as JSON: {"Course Clicked": "click"}'),
    ] = {}
    write_keys: Annotated[
        str, Meta(description="keys that senders must show, separated by commas; without any, everybody may send")
    ] = ""
    operator_keys: Annotated[
        str,
        Meta(
            description="keys that let somebody read and erase what is held of people, separated by commas; "
            "without any, nobody may, unless no key nor secret of any sort is set"
        ),
    ] = ""
    api_keys: Annotated[
        str,
        Meta(
            description="keys of servers that ask for anybody's recommendations and profiles, separated by commas; "
            "where no key nor secret of any sort is set, everybody may ask"
        ),
    ] = ""
    iam_callers: Annotated[
        str,
        Meta(
            description="service accounts that may do the same by Google's identity token, separated by commas; "
            "only for a service that IAM guards, where Cloud Run has checked the token"
        ),
    ] = ""
    token_secrets: Annotated[
        str,
        Meta(
            pattern=r"^(\s*[^,\s]{32,}\s*(,\s*[^,\s]{32,}\s*)*)?\Z",
            description="secrets of at least 32 characters, separated by commas: "
            "the first signs the tokens of pages, all are accepted",
        ),
    ] = ""
    token_quota: Annotated[
        int, Meta(ge=0, description="requests a minute that an instance answers to one token's person; 0: any number")
    ] = 120
    webhook_secret: Annotated[
        str, Meta(description="shared secret of Segment's webhooks; with it, an unsigned one is refused")
    ] = ""
    allowed_origins: Annotated[
        str, Meta(description="origins of pages that may send, separated by commas; * allows all")
    ] = "*"
    ip: Annotated[
        Literal["drop", "truncate"],
        Meta(description="whether an event keeps the network (/24, /48) of its sender's address"),
    ] = "drop"
    ga4_dataset: Annotated[str, Meta(description="dataset of GA4's BigQuery export, to pull events from")] = ""
    items_table: Annotated[str, Meta(description="BigQuery table of the catalogue, to pull items from")] = ""
    require_consent: Annotated[
        bool, Meta(description="an event that does not state consent to personalization stays out of the profile")
    ] = False
    max_merges: Annotated[
        Count, Meta(description="most devices whose events count for a user; further ones stay by themselves")
    ] = 20
    bots: Annotated[
        Literal["quarantine", "off"],
        Meta(description="whether events of people who act like machines count nowhere until released"),
    ] = "quarantine"
    future_tolerance_minutes: Annotated[
        Positive, Meta(description="an event may claim to have happened so long after it was received")
    ] = 60.0
    max_event_bytes: Annotated[Count, Meta(description="largest event")] = 32_768
    max_batch_bytes: Annotated[Count, Meta(description="largest request body of collect")] = 512_000
    max_batch_events: Annotated[Count, Meta(description="most events in a request of collect")] = 2_500
    store_deadline_ms: Annotated[Positive, Meta(description="a call to a store is given up after so long")] = 5_000.0
    recommend_deadline_ms: Annotated[
        Positive, Meta(description="recommend answers without a store that has not answered after so long")
    ] = 150.0
    holdout: Annotated[
        float, Meta(ge=0, le=0.5, description="share of people who get what is popular, to compare the others with")
    ] = 0.0
    freshness: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="by how much an item counts for more on the day it comes out, half as much every 7 days later; "
            "0: not at all",
        ),
    ] = 0.1
    diversity: Annotated[
        float, Meta(ge=0, lt=1, description="how much a list avoids items like those above them; 0: not at all")
    ] = 0.05
    exploration: Annotated[
        float, Meta(ge=0, le=0.5, description="share of the places where items are tried that little is known of")
    ] = 0.1
    shown_limit: Annotated[
        int,
        Meta(
            ge=0,
            le=255,
            description="an item shown so often within 30 days, and not met since, is not recommended; 0: any number",
        ),
    ] = 10
    model_refresh_s: Annotated[Positive, Meta(description="an instance looks for newer models so often")] = 60.0
    item_cache: Annotated[Count, Meta(description="items that an instance of recommend remembers")] = 20_000
    item_refresh_s: Annotated[Positive, Meta(description="a remembered item is read again after so long")] = 30.0
    train_minutes: Annotated[Positive, Meta(description="a training that takes longer makes nothing live")] = 25.0
    commit: Annotated[str, Meta(description="what the deployment calls its code, for the cards of the models")] = ""
    personas: Annotated[
        int, Meta(ge=0, le=12, description="personas that K-means makes; 0 or 1: 3 to 8, as the silhouette has it")
    ] = 5
    neighbours: Annotated[Count, Meta(description="neighbours kept for an item")] = 50
    challengers: Annotated[
        str,
        Meta(
            pattern=r"^( *(EASE\^R|user-kNN|ALS|BPR) *(,|$))*$",
            description="learners that are tuned and tried against item-kNN at each training, separated by commas",
        ),
    ] = "EASE^R,user-kNN,ALS,BPR"
    engine: Annotated[
        Engine, Meta(description="who fits ALS: implicit in retrain's own process, or Spark, whose factors it reads")
    ] = "implicit"
    factors: Annotated[
        str,
        Meta(
            pattern=r"^(?!gs:)|^gs://[\w./-]+\Z",
            description="folder, or gs://BUCKET/PLACE, for what Spark learns from and its factors; "
            "by default in that of the embedded stores",
        ),
    ] = ""
    conversion_days: Annotated[
        Count, Meta(description="the propensity to convert is that to do so within so many days")
    ] = 7
    churn_days: Annotated[Count, Meta(description="who does not act for so many days has churned")] = 30
    log: Annotated[
        Literal["json", "text", "off"],
        Meta(
            description="json: a line for each request, for Cloud Logging; text: only warnings and errors, for people "
            "(what the commands use); off: nothing"
        ),
    ] = "json"

    @cached_property
    def keys(self) -> frozenset[str]:
        return _listed(self.write_keys)

    @cached_property
    def operators(self) -> frozenset[str]:
        return _listed(self.operator_keys)

    @cached_property
    def api(self) -> frozenset[str]:
        return _listed(self.api_keys)

    @cached_property
    def iam(self) -> frozenset[str]:
        return _listed(self.iam_callers)

    @cached_property
    def is_open(self) -> bool:
        """Whether nothing guards what is held of people, as on a developer's machine."""
        return not (self.keys or self.operators or self.api or self.iam or self.secrets)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The one that signs first."""
        return tuple(part.strip() for part in self.token_secrets.split(",") if part.strip())

    @cached_property
    def tried(self) -> frozenset[str]:
        return _listed(self.challengers)

    @cached_property
    def origins(self) -> frozenset[str]:
        return _listed(self.allowed_origins)

    @property
    def half_life(self) -> timedelta:
        return timedelta(days=self.half_life_days)

    @property
    def session_gap(self) -> timedelta:
        return timedelta(minutes=self.session_gap_minutes)

    @property
    def session_cap(self) -> timedelta:
        return timedelta(hours=self.session_cap_hours)

    @property
    def store_deadline(self) -> timedelta:
        return timedelta(milliseconds=self.store_deadline_ms)


PREFIX = "ATTUNE_"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises ValueError that names the variable, what was expected and found."""
    known = Settings.__struct_fields__
    given = {name.removeprefix(PREFIX).lower(): text for name, text in environment.items() if name.startswith(PREFIX)}
    if unknown := sorted(given.keys() - set(known)):
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise ValueError(
            f"no setting is called {names}; there are {', '.join(PREFIX + name.upper() for name in known)}"
        )
    try:
        values = {name: _decode(name, text) for name, text in given.items()}
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{_variable(error)}: {error}") from None


def _decode(name: str, text: str) -> object:
    return msgspec.json.decode(text) if name in ("weights", "event_names") else text


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _variable(error: msgspec.ValidationError) -> str:
    path = str(error).rpartition("`$.")[2].rstrip("`")
    return PREFIX + path.partition("[")[0].upper() if path else PREFIX.rstrip("_")
