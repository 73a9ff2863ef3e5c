"""What a person sees of a run: progress on a terminal, then tables that line up."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.bench.figures import Grid, Result, is_number, promised, show

PIPE_WIDTH = 140


def console() -> Console:
    """Standard output; in a pipe wide enough that no table is cut."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


class Steps:
    """Tells a person how far a benchmark has come; on anything but a terminal it is quiet."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def begin(self, text: str, total: int | None = None) -> None:
        self._progress.reset(self._task, total=total, description=text)

    def step(self, number: int = 1) -> None:
        self._progress.advance(self._task, number)


@contextmanager
def steps(out: Console) -> Iterator[Steps]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        yield Steps(progress)


def print_result(out: Console, name: str, result: Result) -> None:
    out.print(f"\n[bold]{name}[/bold]")
    for grid in result.grids:
        out.print(_table(grid))
    if result.promises:
        out.print(_table(promised(result.promises)))
    for note in result.notes:
        out.print(f"  {note}", markup=False)
    for failure in result.failures:
        out.print(f"  FAILED: {failure}", style="red", markup=False)


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left")
    for index, column in enumerate(grid.columns):
        table.add_column(column, justify="right" if is_number(grid, index) else "left", no_wrap=True)
    before = None
    for row in grid.rows:
        # A line between groups: the first column names the group.
        if before is not None and row[0] != before and isinstance(row[0], int):
            table.add_section()
        before = row[0]
        table.add_row(*map(show, row))
    return table
