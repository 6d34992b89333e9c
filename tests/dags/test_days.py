"""Runs of a day: which export is theirs, and what is said when there is none."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.analysis.files import read_json
from include.analysis.history import History
from tests.analysis.test_batch_processor import make_export
from tests.dags.in_process import note_of, run, states

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("database")]

FIRST, SECOND = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMMENT_ANALYSIS_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("COMMENT_ANALYSIS_OUTPUT", str(tmp_path / "runs"))
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def put(path: Path, rows: int, age: float = 3600) -> Path:
    make_export(path, rows)
    os.utime(path, (time.time() - age,) * 2)
    return path


def results(dag_run: Any, tmp_path: Path) -> dict[str, Any]:
    [folder] = (tmp_path / "runs").glob(f"{dag_run.run_id[:20]}*")
    found: dict[str, Any] = read_json(folder / "results.json")
    return found


def test_a_day_takes_its_own_exports(inbox: Path, tmp_path: Path) -> None:
    put(inbox / "comments_2025-03-01.csv", 30)
    put(inbox / "comments_2025-03-02_norte.csv", 40)
    put(inbox / "comments_2025-03-02_sur.csv", 5)
    dag_run = run(logical_date=SECOND)
    assert states(dag_run)["keep_day"] == ["success"]
    assert results(dag_run, tmp_path)["summary"]["total_processed"] == 45
    [kept] = History(tmp_path / "runs" / "history").days()
    assert (str(kept.day), kept.rows, kept.status) == ("2025-03-02", 45, "success")


def test_a_day_without_an_export_is_skipped_and_said(inbox: Path, tmp_path: Path) -> None:
    put(inbox / "comments_2025-03-02.csv", 40)
    dag_run = run(logical_date=FIRST)
    assert dag_run.state == "success"
    assert {state for found in states(dag_run).values() for state in found} == {"skipped"}
    assert note_of(dag_run).startswith(
        f"Comment analysis: skipped: there is no export of 2025-03-01 in the inbox {inbox}; it would be called"
    )
    assert History(tmp_path / "runs" / "history").days() == []


def test_or_it_fails_as_set(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_MISSING", "fail")
    dag_run = run(logical_date=FIRST)
    assert (dag_run.state, states(dag_run)["find_input"]) == ("failed", ["failed"])
    assert "there is no export of 2025-03-01" in note_of(dag_run)


def test_a_day_that_someone_names_must_have_an_export(inbox: Path) -> None:
    dag_run = run({"date": "2025-03-01"})
    assert states(dag_run)["find_input"] == ["failed"]
    assert "there is no export of 2025-03-01" in note_of(dag_run)


@pytest.mark.parametrize("logical_date", [None, datetime(2025, 3, 1, 14, 20, 5, tzinfo=UTC)])
def test_a_run_by_hand_takes_the_newest_export_and_is_of_no_day(
    logical_date: datetime | None, inbox: Path, tmp_path: Path
) -> None:
    put(inbox / "comments_2025-03-01.csv", 30)
    put(inbox / "a special one.csv", 12, age=60)
    dag_run = run(logical_date=logical_date)
    assert (dag_run.state, states(dag_run)["keep_day"]) == ("success", ["skipped"])
    assert results(dag_run, tmp_path)["summary"]["total_processed"] == 12
    assert not (tmp_path / "runs" / "history").exists()


def test_a_run_by_hand_can_replace_a_day(inbox: Path, tmp_path: Path) -> None:
    put(inbox / "comments_2025-03-01.csv", 30)
    assert states(run(logical_date=FIRST))["keep_day"] == ["success"]
    corrected = put(tmp_path / "corrected.csv", 33)
    assert states(run({"input_path": str(corrected), "date": "2025-03-01"}))["keep_day"] == ["success"]
    [kept] = History(tmp_path / "runs" / "history").days()
    assert (str(kept.day), kept.rows) == ("2025-03-01", 33)
