"""One JSON line per outcome, in the shape that Cloud Logging reads. Never a person's id, address or key."""

import sys

import msgspec

_encode = msgspec.json.Encoder().encode


def log(severity: str, message: str, **fields: str | int | float | bool | None) -> None:
    """Write one line to standard error. Severity: DEBUG, INFO, WARNING, ERROR."""
    line = _encode({"severity": severity, "message": message, **fields})
    sys.stderr.write(line.decode() + "\n")
