"""Days on a real Airflow: backfilled in any order, scheduled, late, missing, done again."""

from __future__ import annotations

import csv
import os
import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.airflow_timetable import DailyTimetable
from include.analysis.files import read_json
from include.analysis.history import History
from include.analysis.settings import Settings
from tests.analysis.test_batch_processor import make_export
from tests.dags.deployment import COMPONENTS, Deployment, Run, deployment, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = [date(2025, 3, number) for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def airflow(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COMMENT_ANALYSIS_INBOX", str(inbox))
        environment.setenv("COMMENT_ANALYSIS_READY", "1")
        environment.setenv("COMMENT_ANALYSIS_WAIT_HOURS", "200")
        for number, day in enumerate(DAYS):
            put(inbox / f"comments_{day}.csv", 30 + 10 * number)
        with deployment(tmp_path_factory.mktemp("airflow"), [*COMPONENTS, "triggerer"]) as running:
            yield running


def put(path: Path, rows: int) -> None:
    make_export(path, rows)
    os.utime(path, (time.time() - 60,) * 2)


def kept(airflow: Deployment) -> dict[date, tuple[int, str]]:
    """The history: rows and content of each day."""
    return {record.day: (record.rows, record.digest) for record in History(airflow.output / "history").days()}


def trends(airflow: Deployment, days: int) -> tuple[bytes, list[bytes]]:
    """All that the trends' files hold, once they are up to date with so many days."""
    folder = airflow.output / "trends"

    def up_to_date() -> bool:
        repeats = list((folder / "repeats").glob("day=*.parquet"))
        return len(repeats) == days and read_json(folder / "trends.json")["span"]["days"] == days

    wait_for(up_to_date, f"the trends know {days} days", 90)
    return (folder / "trends.json").read_bytes(), [p.read_bytes() for p in sorted(folder.glob("repeats/*"))]


def forget(airflow: Deployment) -> None:
    for name in ("history", "trends"):
        shutil.rmtree(airflow.output / name)


def run_of(airflow: Deployment, day: date) -> Run:
    run = airflow.run_of(day)
    assert run is not None
    return run


def test_the_order_of_the_days_does_not_matter(airflow: Deployment) -> None:
    airflow.backfill(DAYS[0], DAYS[2])
    forwards = kept(airflow), trends(airflow, 3)
    assert {day: rows for day, (rows, _) in forwards[0].items()} == dict(zip(DAYS, (30, 40, 50), strict=True))

    forget(airflow)
    airflow.backfill(DAYS[0], DAYS[2], run_backwards=True, reprocess_behavior="completed")
    assert (kept(airflow), trends(airflow, 3)) == forwards

    forget(airflow)
    for day in DAYS:
        run = airflow.start_by_hand(date=str(day))
        assert run.wait() == "success"
    assert (kept(airflow), trends(airflow, 3)) == forwards


def test_a_day_that_is_done_again_changes_nothing_else(airflow: Deployment, inbox: Path) -> None:
    before, files = kept(airflow), History(airflow.output / "history")
    changed = {day: files.path_of(day).stat().st_mtime_ns for day in DAYS}
    put(inbox / f"comments_{DAYS[1]}.csv", 45)
    airflow.backfill(DAYS[1], DAYS[1], reprocess_behavior="completed")
    after = kept(airflow)
    assert after[DAYS[1]][0] == 45
    for day in (DAYS[0], DAYS[2]):
        assert after[day] == before[day]
        assert files.path_of(day).stat().st_mtime_ns == changed[day]
    assert run_of(airflow, DAYS[1]).results()["summary"]["total_processed"] == 45


def test_days_without_an_export_are_skipped_and_said(airflow: Deployment) -> None:
    day = date(2025, 3, 9)
    airflow.backfill(day, day)
    run = run_of(airflow, day)
    assert run.record()["state"] == "success"
    assert run.instance("find_input")["state"] == run.instance("aggregate")["state"] == "skipped"
    assert "skipped: there is no export of 2025-03-09" in run.record()["note"]
    assert day not in kept(airflow)


def test_a_day_that_was_analysed_is_not_analysed_again(airflow: Deployment, inbox: Path) -> None:
    day = date(2025, 3, 12)
    put(inbox / f"comments_{day}.csv", 20)
    by_hand = airflow.start_by_hand(date=str(day))
    assert by_hand.wait() == "success"
    airflow.backfill(day, day)
    run = run_of(airflow, day)
    assert run.instance("find_input")["state"] == "skipped"
    assert f"2025-03-12 was analysed from the same files by the run {by_hand.id}" in run.record()["note"]
    airflow.backfill(day, day, reprocess_behavior="completed")
    assert run.instance("find_input")["state"] == "success", "it was asked for"


def test_an_export_of_many_days_is_cut_by_their_dates(airflow: Deployment, tmp_path: Path) -> None:
    days = [date(2024, 5, number) for number in (1, 2, 3)]
    whole = make_export(tmp_path / "all.csv", 90)
    header, *rows = csv.reader(whole.open(encoding="utf-8", newline=""))
    with whole.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *([f"{days[n % 3]:%d/%m/%Y}", *row[1:]] for n, row in enumerate(rows))])
    conf = {"input_path": str(whole), "by_date": True}
    airflow.backfill(days[0], date(2024, 5, 4), conf)
    found = kept(airflow)
    assert [found[day][0] for day in days] == [30, 30, 30]
    assert sum(found[day][0] for day in days) == 90
    assert (
        "all.csv has no rows of 2024-05-04; its rows are of 2024-05-01 to 2024-05-03"
        in (run_of(airflow, date(2024, 5, 4)).record()["note"])
    )


def test_the_schedule_runs_its_day_and_waits_for_a_late_export(airflow: Deployment, inbox: Path) -> None:
    settings = Settings()
    today = DailyTimetable(settings.schedule, settings.timezone).coming_day() - timedelta(days=1)
    before = today - timedelta(days=1)
    put(inbox / f"comments_{before}.csv", 25)
    airflow.backfill(before, before)
    wait_for(lambda: airflow.run_of(today), "the scheduler goes on with the day after", 60)
    run = run_of(airflow, today)
    wait_for(lambda: run.instance("find_input")["state"] == "deferred", "it waits without a worker", 60)
    make_export(inbox / f"comments_{today}.csv", 35)
    assert run.wait() == "success"
    assert (run.record()["run_type"], run.results()["summary"]["total_processed"]) == ("scheduled", 35)
    assert kept(airflow)[today][0] == 35


def test_a_run_by_hand_needs_no_date(airflow: Deployment, inbox: Path) -> None:
    before: dict[Any, Any] = kept(airflow)
    put(inbox / "special.csv", 15)
    os.utime(inbox / "special.csv")
    run = airflow.start_by_hand()
    assert run.wait() == "success"
    assert run.results()["summary"]["total_processed"] == 15
    assert run.instance("keep_day")["state"] == "skipped"
    assert kept(airflow) == before
