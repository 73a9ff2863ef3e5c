#!/usr/bin/env python3
"""In place of gcloud where there is no Google Cloud: what Cloud Run does with revisions, tags and traffic, in a file.

CLOUD names the file: {"services": {name: {"url", "tag_url", "traffic": {revision: percent}, "tags": {}}}, "jobs": {},
"fails": [words that make a command fail], "log": [commands]}.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

FILE = Path(os.environ.get("CLOUD", "cloud.json"))  # pytest looks for doctests here without it

State = dict[str, Any]


def main() -> int:
    words = sys.argv[1:]
    state: State = json.loads(FILE.read_text())
    state["log"].append(words)
    FILE.write_text(json.dumps(state))
    if any(all(word in " ".join(words) for word in failure) for failure in state["fails"]):
        print("ERROR: (gcloud) the stand-in was told to fail", file=sys.stderr)
        return 1
    options = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    names = [word for word in words if not word.startswith("--")]
    print(answer(state, names, options))
    FILE.write_text(json.dumps(state))
    return 0


def answer(state: State, names: list[str], options: dict[str, str]) -> str:
    match names:
        case ["auth", "list"]:
            return json.dumps([{"account": "attune-build@p.iam.gserviceaccount.com", "status": "ACTIVE"}])
        case ["auth", "print-identity-token"]:
            return f"token for {options['audiences']}\n"
        case ["auth", "print-access-token"]:
            return "access\n"
        case ["services", "enable", *apis]:
            state["apis"] = sorted({*state.get("apis", []), *apis})
            return ""
        case ["services", "list"]:
            return json.dumps([{"config": {"name": api}} for api in state.get("apis", [])])
        case ["storage", "buckets", "list"]:
            wanted = options["filter"].removeprefix("name=")
            return json.dumps([{"name": one} for one in state.get("buckets", []) if one == wanted])
        case ["storage", "buckets", "create", bucket]:
            state["buckets"] = [*state.get("buckets", []), bucket.removeprefix("gs://")]
            return "[]"
        case ["storage", "buckets", "update", _]:
            return "[]"
        case ["storage", "cat", name]:
            return str(state["objects"][name])
        case ["secrets", "versions", "list", secret]:
            return json.dumps([{"name": "1"}] if secret in state.get("secrets", {}) else [])
        case ["secrets", "versions", "add", secret]:
            state.setdefault("secrets", {})[secret] = sys.stdin.read()
            return "{}"
        case ["secrets", "versions", "access", "latest"]:
            return str(state["keys"][options["secret"]])
        case ["builds", "submit", _]:
            given = dict(pair.split("=") for pair in options["substitutions"].split(","))
            images = (
                f"{options['gcs-source-staging-dir'].removesuffix('/source')}/releases/{given['_RELEASE']}/images.json"
            )
            state.setdefault("objects", {})[images] = json.dumps({"images": state["built"]})
            return "built"
        case ["run", "services", "list"]:
            return json.dumps([described(name, one) for name, one in state["services"].items()])
        case ["run", "deploy", name]:
            service = state["services"][name]
            assert "no-traffic" in options
            revision = f"{name}-{len(service['traffic']) + 1:05}"
            service["traffic"][revision] = 0
            service["tags"][options["tag"]] = revision
            service.setdefault("images", {})[revision] = options["image"]
            return json.dumps(described(name, service))
        case ["run", "services", "update-traffic", name]:
            direct(state["services"][name], options)
            return json.dumps([])
        case ["run", "jobs", "list"]:
            return json.dumps([{"metadata": {"name": name}} for name in state["jobs"]])
        case ["run", "jobs", "update", name]:
            state["jobs"][name] = options["image"]
            return "{}"
    raise SystemExit(f"the stand-in knows no command {names}")


def direct(service: State, options: dict[str, str]) -> None:
    """Change the traffic, or take a tag off."""
    if tag := options.get("remove-tags"):
        del service["tags"][tag]
    if "to-latest" in options:
        service["traffic"] = {one: 100 if one == max(service["traffic"]) else 0 for one in service["traffic"]}
        return
    wanted = options.get("to-tags") or options["to-revisions"]
    shares = {name: int(percent) for name, percent in (pair.split("=") for pair in wanted.split(","))}
    assert sum(shares.values()) == 100, shares
    by_revision = {service["tags"].get(name, name): percent for name, percent in shares.items()}
    service["traffic"] = {revision: by_revision.get(revision, 0) for revision in service["traffic"]}


def described(name: str, service: State) -> State:
    traffic: list[State] = [
        {"revisionName": one, "percent": share} for one, share in service["traffic"].items() if share
    ]
    traffic += [{"revisionName": one, "tag": tag, "url": service["tag_url"]} for tag, one in service["tags"].items()]
    spec = {"template": {"spec": {"containers": [{"image": service.get("image")}]}}}
    return {"metadata": {"name": name}, "spec": spec, "status": {"url": service["url"], "traffic": traffic}}


if __name__ == "__main__":
    sys.exit(main())
