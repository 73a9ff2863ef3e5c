"""The machine and the versions that figures belong to."""

import os
import platform
from importlib import metadata
from typing import Any

PACKAGES = (
    "functions-framework",
    "uvicorn",
    "starlette",
    "msgspec",
    "grpcio",
    "protobuf",
    "google-cloud-firestore",
    "google-cloud-pubsub",
)


def describe() -> dict[str, Any]:
    """Cores, Python, versions, and how busy the machine is before we start."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }


def line(machine: dict[str, Any]) -> str:
    """The same in two lines of text."""
    load = " ".join(f"{value:.2f}" for value in machine["load_average"])
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    system = f"{machine['system']} {machine['machine']}, Python {machine['python']}"
    return f"{machine['cores']} cores, {system}, load average {load}\n{versions}"
