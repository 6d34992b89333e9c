"""The report can be built again from the results alone, and a run stands without it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from include.analysis import BatchProcessor
from include.analysis.__main__ import main
from include.analysis.report_text import summary_lines
from include.analysis.run_folder import RunFolder
from tests.analysis.report import runs
from tests.analysis.report.trends_file import write_trends

FILES = ["comments_unique.csv", "comments_unique.parquet", "report.html", "report.xlsx"]


@pytest.fixture
def results(everyday: Path, tmp_path: Path) -> Path:
    """A folder with the results alone."""
    folder = tmp_path / "los resultados"
    folder.mkdir()
    for name in ("results.json", "comments.parquet"):
        shutil.copy(everyday / name, folder / name)
    return folder


def test_it_is_built_from_the_results_alone(results: Path, everyday: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(results)]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == [str(results / name) for name in FILES]
    assert all((results / name).read_bytes() == (everyday / name).read_bytes() for name in FILES)


def test_settings_and_options_choose(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_REPORT_LANGUAGE", "en")
    assert main(["report", str(results), "--keep", "last", "--trends", str(write_trends(tmp_path / "t.json"))]) == 0
    page = (results / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "(comments_unique.csv) keeps the last." in page
    assert "Billing and charges rose: 40.0% of the comments, 20 Mar 2025 (before: 5.0%)." in page
    assert main(["report", str(results), "--language", "es"]) == 0
    assert '<html lang="es">' in (results / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "results.json").unlink(), "holds no results.json"),
        (lambda folder: (folder / "results.json").write_text("{}"), "does not hold the results of a run"),
        (lambda folder: (folder / "comments.parquet").write_text("x"), "does not hold the results of a run"),
    ],
)
def test_a_folder_without_results_is_told_in_one_line(
    results: Path, spoil: object, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(spoil)
    spoil(results)
    assert main(["report", str(results)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not (results / "report.html").exists()


def test_trends_that_are_not_understood_are_left_out(results: Path, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"day": 3}')
    assert main(["report", str(results), "--trends", str(tmp_path / "t.json")]) == 0
    assert 'id="history"' not in (results / "report.html").read_text(encoding="utf-8")


def test_the_engine_builds_it(tmp_path: Path) -> None:
    BatchProcessor(n_workers=1).process_parallel(runs.SAMPLE, out=tmp_path / "out")
    assert all((tmp_path / "out" / name).exists() for name in FILES)
    told = json.loads((tmp_path / "out" / "report.json").read_text())
    assert sorted(told["files"]) == FILES
    assert told["peak_memory_mb"] > 0


def test_results_stand_without_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("sin\ntinta")

    with monkeypatch.context() as patch:
        patch.setattr("include.analysis.report.build", fails)
        out = tmp_path / "out"
        results = BatchProcessor(n_workers=1).process_parallel(runs.SAMPLE, out=out)
    assert results["status"] == "success"
    assert (out / "comments.csv").exists()
    *_, said, place = summary_lines(results, out)
    assert said.startswith("report: not built (sin tinta); to build it from the results: python -m include.analysis")
    assert place == f"Results: {out} (comments.csv, results.json, comments.parquet)"
    assert main(["report", str(out)]) == 0
    assert RunFolder(out).failures() == {}
    assert summary_lines(results, out)[-1].startswith(f"Results: {out} (report.html, report.xlsx, ")
