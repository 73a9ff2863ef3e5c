"""What a pull has done."""

from collections import Counter

from shared.tally import tally


class Report:
    """Counts of one pull."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(read=0, published=0, known=0, refused=0, unmapped=0)
        self.refused: Counter[str] = Counter()
        self.tables: Counter[str] = Counter()
        self.finished = False

    def refuse(self, field: str) -> None:
        """A row that is no event, for this field's sake."""
        self.counts["refused"] += 1
        self.refused[field] += 1
        tally.count("refused", field or "body")

    def unmapped(self, name: str) -> None:
        """An event whose name no vocabulary knows."""
        self.counts["unmapped"] += 1
        tally.count("unmapped", name)

    def as_json(self) -> dict[str, object]:
        """The answer's part about this pull."""
        return {**self.counts, "refused_by_field": self.refused, "tables": self.tables, "finished": self.finished}
