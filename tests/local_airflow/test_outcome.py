"""How a run ended is read from its run folder, and only from what that run wrote."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from include.local_airflow.outcome import Outcome, read_outcome

LOG = Path("run.log")


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def outcome(folder: Path, began: int = 0, dag_status: int = 1) -> Outcome:
    return read_outcome(folder, began, dag_status, LOG)


@pytest.mark.parametrize(("status", "expected"), [("success", 0), ("partial_success", 0), ("failed", 1), ("?", 1)])
def test_the_status_of_the_results_decides(tmp_path: Path, status: str, expected: int) -> None:
    write(tmp_path / "results.json", {"status": status})
    found = outcome(tmp_path)
    assert found.status == expected
    assert found.lines[-1] == f"Results: {tmp_path} (results.json)"
    assert bool(found.problems) == (status != "success")


def test_results_of_an_earlier_run_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    write(tmp_path / "results.json", {"status": "success"})
    write(tmp_path / "errors" / "split.json", {"kind": "user", "message": "old"})
    later = time.time_ns() + 1_000_000_000
    found = outcome(tmp_path, began=later)
    assert (found.status, found.lines) == (1, ())
    assert "old" not in "".join(found.problems)


def test_an_unusable_input_is_one_line(tmp_path: Path) -> None:
    write(tmp_path / "errors" / "aggregate.json", {"kind": "other", "message": "no parts"})
    write(tmp_path / "errors" / "split.json", {"kind": "user", "message": "row 3 is\nnot UTF-8"})
    assert outcome(tmp_path) == Outcome(2, problems=("error: row 3 is not UTF-8",))


def test_any_other_failure_names_the_log(tmp_path: Path) -> None:
    write(tmp_path / "errors" / "aggregate.json", {"kind": "other", "message": "disk full"})
    assert outcome(tmp_path) == Outcome(1, problems=("error: disk full", f"Log: {LOG}"))


def test_a_broken_record_does_not_hide_the_failure(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    assert outcome(tmp_path).status == 1
    assert outcome(tmp_path, dag_status=0).status == 1
