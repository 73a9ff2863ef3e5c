"""Memory of a process and all its descendants, as Linux counts it."""

from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


class Memory(NamedTuple):
    """In MB. Pages that several processes share count in each (rss), or in parts (pss)."""

    rss_mb: float
    pss_mb: float


def memory(pid: int) -> Memory | None:
    """Of the whole tree; None where there is no /proc."""
    if not (PROC / str(pid) / "smaps_rollup").exists():
        return None
    parts = [_memory((PROC / str(one) / "smaps_rollup").read_text()) for one in tree(pid)]
    return Memory(sum(part.rss_mb for part in parts), sum(part.pss_mb for part in parts))


def _memory(rollup: str) -> Memory:
    """Reads smaps_rollup.

    >>> _memory("00-ff ---p 0 0 0 [rollup]\\nRss:     2048 kB\\nPss:     1024 kB\\nPss_Dirty: 9 kB\\n")
    Memory(rss_mb=2.0, pss_mb=1.0)
    """
    lines = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
    rss, pss = (int(lines[name].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return Memory(rss, pss)


def tree(pid: int) -> list[int]:
    """The process and its descendants; the process alone where there is no /proc."""
    if not (PROC / str(pid)).exists():
        return [pid]
    children = [int(child) for task in (PROC / str(pid) / "task").iterdir() for child in _children(task)]
    return [pid, *(descendant for child in children for descendant in tree(child))]


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a thread that has ended since it was listed
        return []
