"""Recovery in a real Airflow: real task processes, real signals, and what the user gets in the end."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.analysis import BatchProcessor
from tests.analysis.test_batch_processor import comparable, make_export, with_custom
from tests.conftest import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def launch(home: Path, export: Path, out: Path, *arguments: str) -> dict[str, Any]:
    """Run the DAG by the command and return its results."""
    command = [sys.executable, "-m", "include.local_airflow", "run", "--out", str(out), *arguments, "--", str(export)]
    environment = {**os.environ, "COMMENT_ANALYSIS_AIRFLOW_HOME": str(home)}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def test_killed_tasks_end_with_the_bytes_of_a_calm_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "deadly")
    monkeypatch.setenv("TEST_MARKERS", str(tmp_path))
    export = make_export(tmp_path / "export.csv", 400)
    results = launch(home, export, tmp_path / "out", "--batch-size", "200")
    assert (tmp_path / "analyse").exists(), "an analysis was killed"
    assert (tmp_path / "reduce").exists(), "the aggregate was killed"

    calm = BatchProcessor(n_workers=1).process_parallel(export, out=tmp_path / "calm")  # nothing is killed twice
    assert comparable(results) == comparable(calm)
    for name in ("comments.parquet", "comments.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()

    assert results["status"] == "success"
    recovery = results["recovery"]
    assert (recovery["retried_batches"], recovery["recovered_batches"], recovery["final_failures"]) == (1, 1, 0)
    killed, retried = recovery["retries"]
    assert (killed["number"], killed["outcome"]) == (1, "running")
    assert (retried["number"], retried["outcome"], retried["slice_rows"]) == (2, "done", 100)
    assert 0 < retried["rows_skipped"] < 200


def test_what_cannot_be_answered_is_said_and_everything_else_is_right(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "poisoned", "broken", "greedy", "letters")
    export = make_export(tmp_path / "export.csv", 300)
    with export.open("a", encoding="utf-8") as file:
        file.write("2025-01-01,x,tiene veneno\n")
    results = launch(home, export, tmp_path / "out", "--batch-size", "200")
    assert results["status"] == "partial_success"
    assert results["recovery"]["rows_without_answer"] == {
        "duplicates": 0, "emotions": 0, "themes": 0, "poisoned": 1, "broken": 301, "greedy": 0, "letters": 0,
    }  # fmt: skip
    assert {batch: (entry["rows"], entry["tries"]) for batch, entry in results["errors"]["broken"].items()} == {
        "0": ([[1, 200]], 4),
        "1": ([[201, 301]], 4),
    }
    with (tmp_path / "out" / "quarantine.csv").open(newline="", encoding="utf-8-sig") as file:
        assert list(csv.DictReader(file)) == [
            {"batch": "1", "row": "301", "analysis": "poisoned", "error": "ValueError: no puedo con veneno"}
        ]
    assert results["greedy"] == results["letters"]
    assert {shrink["analysis"] for shrink in results["recovery"]["shrinks"]} >= {"greedy", "poisoned"}

    monkeypatch.delenv("COMMENT_ANALYSIS_EXTRA")
    calm = BatchProcessor(n_workers=1).process_parallel(export)
    for name in ("emotions", "themes"):
        assert results[name] == calm[name]
    assert results["duplicates"]["groups"] == calm["duplicates"]["groups"]
