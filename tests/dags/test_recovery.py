"""Recovery in a real Airflow: real task processes, real signals, and what the user gets in the end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.analysis import BatchProcessor
from include.analysis.files import read_json
from tests.analysis.test_batch_processor import comparable, make_export, with_custom
from tests.conftest import PROJECT
from tests.dags.deployment import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def launch(home: Path, export: Path, out: Path, *arguments: str) -> dict[str, Any]:
    """Run the DAG by the command and return its results."""
    process = start(home, export, out, *arguments)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def start(home: Path, export: Path, out: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "include.local_airflow", "run", "--out", str(out), *arguments, "--", str(export)]
    environment = {**os.environ, "COMMENT_ANALYSIS_AIRFLOW_HOME": str(home)}
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


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
        "duplicates": 0, "emotions": 0, "themes": 0, "near_duplicates": 0, "poisoned": 1, "broken": 301, "greedy": 0,
        "letters": 0,
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


def test_a_command_that_was_interrupted_goes_on_when_it_is_given_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "obedient")
    monkeypatch.setenv("TEST_MARKERS", str(tmp_path))
    export, out = make_export(tmp_path / "export.csv", 400), tmp_path / "out"
    arguments = ("--batch-size", "200", "--analyses", "obedient")
    (tmp_path / "hold-300").touch()
    interrupted = start(home, export, out, *arguments)
    try:
        wait_for(lambda: list(tmp_path.glob("held-*")), "the second batch is in the middle", 150)
        wait_for(lambda: finished(out, batch=0), "the first batch has ended", 150)
    finally:
        interrupted.send_signal(signal.SIGINT)
        interrupted.communicate(timeout=60)
    assert interrupted.returncode == 128 + signal.SIGINT
    assert not (out / "results.json").exists()

    (tmp_path / "hold-300").unlink()
    split = (out / "batches" / "00000.parquet").stat().st_mtime_ns
    results = launch(home, export, out, *arguments)
    assert (out / "batches" / "00000.parquet").stat().st_mtime_ns == split, "it was not split again"
    attempts = [read_json(out / "attempts" / "obedient" / f"0000{batch}-001.json") for batch in (0, 1)]
    assert attempts[0]["rows_skipped"] == 200
    assert 0 < attempts[1]["rows_skipped"] <= 99, "what was done before row 300 was held"
    calm = BatchProcessor(n_workers=1).process_parallel(export, ["obedient"], out=tmp_path / "calm")
    assert comparable(results) == comparable(calm)
    assert (out / "comments.csv").read_bytes() == (tmp_path / "calm" / "comments.csv").read_bytes()


def finished(out: Path, batch: int) -> bool:
    attempt = out / "attempts" / "obedient" / f"{batch:05d}-001.json"
    return attempt.exists() and read_json(attempt)["outcome"] == "done"
