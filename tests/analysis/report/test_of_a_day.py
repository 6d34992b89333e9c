"""The report of a day's run shows the trends of the history, with the day itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.analysis import pipeline
from include.analysis.run_folder import RunFolder
from include.analysis.settings import load_settings
from tests.analysis.report import runs


def run_of_day(day: str, export: Path) -> Path:
    """Do all that the DAG does for a day; returns the folder of the run."""
    folder = pipeline.find_input({"input_path": str(export), "date": day, "analyses": ["themes"]}, day)
    for batch in pipeline.split_all(folder):
        pipeline.analyse(folder, batch.index, "themes")
    pipeline.aggregate_or_fail(day)
    pipeline.keep_day(day)
    assert f"{folder}/report.html" in pipeline.report_of_run(day)
    return Path(folder)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMMENT_ANALYSIS_OUTPUT", str(tmp_path / "runs"))
    texts = ["la factura vino mal", "internet lento", "muy caro", "excelente servicio"] * 10
    return runs.write(tmp_path / "x.csv", ["Comentario"], [[text] for text in texts])


def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_day_is_in_the_trends_of_its_report(export: Path) -> None:
    assert 'id="history"' not in page(run_of_day("2025-03-01", export))
    assert "Por día: 1 mar 2025 a 2 mar 2025" in page(run_of_day("2025-03-02", export))


def test_trends_that_cannot_be_made_cost_no_report(export: Path) -> None:
    broken = load_settings().history / "day=2025-03-09" / "comments.parquet"
    broken.parent.mkdir(parents=True)
    broken.write_text("no es un parquet")
    folder = run_of_day("2025-03-01", export)
    assert RunFolder(folder).failures() == {}
