"""`evaluate paths`: the chains that are served, on later visits, beside popularity and going back."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.cli import main
from infra.evaluation.paths import evaluate
from shared.errors import PermanentError

INPUT = "simulate:users=80,days=10,seed=5"


def test_chains_are_ahead_of_popularity_and_of_going_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            [
                "evaluate",
                "paths",
                "--input",
                INPUT,
                "--json",
                str(tmp_path / "paths.json"),
                "--svg",
                str(tmp_path / "p.svg"),
            ]
        )
        == 0
    )
    told = json.loads((tmp_path / "paths.json").read_text())
    shown = capsys.readouterr().out
    assert list(told["facets"]) == ["pages", "categories", "kinds"]
    for facet in ("pages", "kinds"):
        found = told["facets"][facet]["measured"]
        assert set(found["models"]) == {"interpolated", "second order", "first order", "most popular", "repeat last"}
        for rival in ("second order", "first order", "most popular"):
            assert found["ahead"][rival]["log-likelihood"]["value"] > 0, (facet, rival)
        assert found["ahead"]["most popular"]["log-likelihood"]["low"] > 0
        for rival in ("most popular", "repeat last"):
            assert found["ahead"][rival]["hit@3"]["low"] > 0, (facet, rival)
        assert (
            found["chances"]["two states"]["roc_auc"]["value"] > 0.6 > found["chances"]["base rate"]["roc_auc"]["value"]
        )
        assert f"{facet}: counted from {told['facets'][facet]['visits']:,} visits" in shown
    categories = told["facets"]["categories"]["measured"]["ahead"]["most popular"]["log-likelihood"]
    assert categories["high"] > 0, "taste decides there, not the last step: no worse than popularity"
    assert "converts?" in shown
    assert "which page comes next" in (tmp_path / "p.svg").read_text()
    ElementTree.parse(tmp_path / "p.svg")  # noqa: S314 (our own)
    assert told["edge"] < "2025"
    assert told["facets"]["pages"]["conversions"] == ["purchase"]


def test_more_training_is_less_to_foretell() -> None:
    short, long = evaluate(INPUT, "days:1", most=50), evaluate(INPUT, "days:5", most=50)
    assert short.edge > long.edge
    counted = [report.facets["kinds"].visits for report in (long, short)]
    assert counted == sorted(counted)
    measured = [report.facets["kinds"].measured for report in (long, short)]
    assert all(each and 50 <= each.steps < 80 for each in measured), "whole people, drawn by a hash"


@pytest.mark.parametrize("split", ["sessions:1", "sessions:", "days:0", "days:nan", "leave-last", "weeks:1", ""])
def test_wrong_splits_are_named(split: str) -> None:
    with pytest.raises(PermanentError, match="unknown split"):
        evaluate(INPUT, split)


def test_nothing_to_foretell(tmp_path: Path) -> None:
    table = tmp_path / "one.csv"
    table.write_text("event_id,kind,occurred_at,user_id\n1,page_view,2025-01-01T00:00:00Z,ann\n")
    with pytest.raises(PermanentError, match="nothing to predict"):
        evaluate(f"csv:{table}", "sessions:0.5")
