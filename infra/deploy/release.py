"""A release: new revisions without traffic, tried, then given the traffic; back to the former ones where that fails."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.deploy.gcloud import Gcloud, service_name
from infra.deploy.smoke import Door, smoke
from infra.local.layout import FUNCTIONS
from shared.errors import PermanentError, Problem, RetryableError

WRITERS = ("recommend", "normalize", "collect")
"""Get their traffic last, so that nothing new is written before there is who can read it."""

ENDS = frozenset({"collect", "recommend"})
"""Where a smoke test begins and ends. Without both, the first deployment has not come to its end."""

JOBS = ("retrain",)
"""Functions whose image also runs as a Cloud Run job, called as the service is."""


class Serving(NamedTuple):
    """A service as it was found.

    Attributes:
        url: its own address.
        traffic: revision → percent.
    """

    name: str
    url: str
    traffic: dict[str, int]


class Images(msgspec.Struct):
    """What images.sh has written: function → image by digest."""

    images: dict[str, str]


def read_images(file: Path) -> dict[str, str]:
    """Raises PermanentError unless there is an image, by digest, for each function."""
    try:
        images = msgspec.json.decode(file.read_bytes(), type=Images).images
    except (OSError, msgspec.DecodeError) as error:
        raise PermanentError(
            "no images", (Problem(str(file), "what infra/deploy/images.sh writes", str(error)),)
        ) from None
    wanted = {function.name for function in FUNCTIONS}
    if images.keys() != wanted or not all("@sha256:" in image for image in images.values()):
        found = ", ".join(f"{name}: {image}" for name, image in images.items())
        raise PermanentError("no images", (Problem(str(file), f"one by digest for each of {sorted(wanted)}", found),))
    return images


class Release:
    """One release of all functions that are there."""

    def __init__(self, gcloud: Gcloud, tag: str, within_s: float) -> None:
        self._gcloud = gcloud
        self._tag = tag
        self._within_s = within_s
        self._shifted: list[Serving] = []

    def run(self, images: Mapping[str, str]) -> int:
        """0 where the new images serve; 1 where the former ones do, as before.

        Raises RetryableError where rolling back fails as well: then some serve the new ones; the message names them.
        """
        former = self._find(images)
        if not former.keys() >= ENDS:
            print("The services are not there yet: Terraform makes them, with these images.")
            return 0
        if new := sorted(images.keys() - former.keys()):
            print(f"Not there yet, so left to Terraform: {', '.join(new)}")
        try:
            tried = {name: self._deploy(serving, images[name]) for name, serving in former.items()}
            self._smoke("the new revisions", former, tried)
            for name in sorted(former, key=_turn):
                self._shift(former[name])
            self._smoke("what serves now", former, {name: serving.url for name, serving in former.items()})
        except (PermanentError, RetryableError) as error:
            print(f"error: {error}", file=sys.stderr)
            self._roll_back()
            return 1
        self._finish(images, former)
        return 0

    def _find(self, images: Mapping[str, str]) -> dict[str, Serving]:
        listed = self._gcloud.services()
        names = {name: service_name(name) for name in images}
        return {name: _serving(one, listed[one]["status"]) for name, one in names.items() if one in listed}

    def _deploy(self, serving: Serving, image: str) -> str:
        """A new revision without traffic; the address by which only it is asked. It is ready when this returns."""
        tag = self._tag
        status = self._gcloud.run("deploy", serving.name, f"--image={image}", "--no-traffic", f"--tag={tag}")["status"]
        [address] = [one["url"] for one in status["traffic"] if one.get("tag") == tag]
        print(f"{serving.name}: {image} is ready, without traffic")
        return str(address)

    def _smoke(self, what: str, former: Mapping[str, Serving], addresses: Mapping[str, str]) -> None:
        print(f"Smoke test of {what}")
        collect, recommend = (
            Door(addresses[name], token=self._token(former[name].url)) for name in ("collect", "recommend")
        )
        if smoke(collect, recommend, self._within_s):
            raise RetryableError(f"the smoke test of {what} failed")

    def _token(self, audience: str) -> str | None:
        try:
            return self._gcloud.token(audience)
        except RetryableError as error:
            print(f"No identity token, which is enough only where everybody may call: {error}")
            return None

    def _shift(self, serving: Serving) -> None:
        self._shifted.append(serving)  # before it is done: an answer that is lost may have shifted, too
        self._gcloud.run("services", "update-traffic", serving.name, f"--to-tags={self._tag}=100")
        print(f"{serving.name}: has the traffic")

    def _roll_back(self) -> None:
        """Give the traffic back, newest first."""
        stuck = []
        for serving in reversed(self._shifted):
            shares = ",".join(f"{revision}={percent}" for revision, percent in serving.traffic.items())
            try:
                self._gcloud.run("services", "update-traffic", serving.name, f"--to-revisions={shares}")
                print(f"{serving.name}: rolled back to {shares}")
            except RetryableError as error:
                stuck.append(f"{serving.name}, which should have {shares}: {error}")
        if stuck:
            raise RetryableError("not rolled back: " + "; ".join(stuck))
        print("Everything serves as before the release.")

    def _finish(self, images: Mapping[str, str], former: Mapping[str, Serving]) -> None:
        """What runs as a job gets its image, too; the traffic follows what is newest again, so Terraform's changes."""
        for serving in former.values():
            self._gcloud.run("services", "update-traffic", serving.name, "--to-latest", f"--remove-tags={self._tag}")
        jobs = {one["metadata"]["name"] for one in self._gcloud.run("jobs", "list")}
        for name in JOBS:
            if service_name(name) in jobs:
                self._gcloud.run("jobs", "update", service_name(name), f"--image={images[name]}")
        print(f"{len(former)} services serve the new images.")


def _serving(name: str, status: Mapping[str, Any]) -> Serving:
    shares: dict[str, int] = {}
    for one in status.get("traffic", ()):
        if one.get("percent"):
            shares[one["revisionName"]] = shares.get(one["revisionName"], 0) + one["percent"]
    return Serving(name, status["url"], shares)


def _turn(function: str) -> tuple[int, str]:
    """By which the order of shifting goes."""
    return (WRITERS.index(function) + 1 if function in WRITERS else 0, function)
