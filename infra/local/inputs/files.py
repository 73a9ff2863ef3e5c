"""CSV files, plain or gzip: their rows, and their end without reading the whole."""

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Generator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, cast

from shared.errors import PermanentError, Problem

Row = list[str]

SMALL_BYTES = 64 * 1024**2
"""Up to this size a file is counted, and sorted if need be, before it is sent."""
GZIP_RATIO = 8
TAIL_BYTES = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"


def check_file(path: Path) -> None:
    """Raises PermanentError if the path is not a file."""
    if not path.is_file():
        found = f"{path}, a folder" if path.is_dir() else f"{path}, which does not exist"
        raise PermanentError(
            "cannot read the input", (Problem("path", "a CSV file, plain or .gz (check the path)", found),)
        )


def read_rows(path: Path) -> Generator[Row, None, None]:
    """The cells of every row, header first; blank lines are no rows.

    Bytes that are not UTF-8 become lone surrogates, which collect refuses by name of their field.

    Raises:
        PermanentError: the file stops being a readable CSV at some line.
    """
    line = 0
    try:
        with _open(path) as data, TextIOWrapper(data, "utf-8-sig", "surrogateescape", newline="") as text:
            reader = csv.reader(text)
            for row in reader:
                line = reader.line_num
                if row:
                    yield row
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        found = f"{error} after line {line:,}"
        raise PermanentError(
            "cannot read the input", (Problem(str(path), "a complete CSV file, plain or .gz", found),)
        ) from error


def last_rows(path: Path) -> list[Row]:
    """The rows in the file's last 64 KB, first to last; the first of them may be cut."""
    try:
        with _open(path) as data:
            if not _is_gzip(path):
                data.seek(max(0, path.stat().st_size - TAIL_BYTES))
            chunks = deque(iter(lambda: data.read(TAIL_BYTES), b""), maxlen=2)
    except (OSError, EOFError, zlib.error) as error:
        found = f"{error}"
        raise PermanentError(
            "cannot read the input", (Problem(str(path), "a complete CSV file, plain or .gz", found),)
        ) from error
    lines = b"".join(chunks).decode("utf-8", "surrogateescape").splitlines()
    return [row for row in csv.reader(lines) if row]


def is_small(path: Path) -> bool:
    """Whether the file is cheap to read twice and to hold in memory."""
    return path.stat().st_size * (GZIP_RATIO if _is_gzip(path) else 1) <= SMALL_BYTES


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if _is_gzip(path) else path.open("rb")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC
