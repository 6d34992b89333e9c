"""The daily schedule: which days it runs, when, and what a backfill's dates mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from hypothesis import given
from hypothesis import strategies as st
from pendulum import instance

from include import airflow_timetable
from include.airflow_timetable import DailyTimetable, day_of, midnight

ASUNCION = DailyTimetable(time(6), "America/Asuncion")


def clock(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    moment = datetime.fromisoformat(now)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)  # type: ignore[arg-type]

    monkeypatch.setattr(airflow_timetable, "datetime", Clock)


def between(timetable: DailyTimetable, first: str, last: str) -> list[DagRunInfo]:
    """What Airflow does for a backfill."""
    bounds = [instance(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (first, last)]
    restriction = TimeRestriction(*bounds, catchup=True)
    found: list[DagRunInfo] = []
    info = None
    while info := timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction):
        found.append(info)
    return found


def following(timetable: DailyTimetable, last: date | None = None) -> DagRunInfo | None:
    """What Airflow does to schedule the next run."""
    interval = DataInterval.exact(midnight(last)) if last else None
    return timetable.next_dagrun_info(
        last_automated_data_interval=interval, restriction=TimeRestriction(None, None, catchup=False)
    )


def days(found: list[DagRunInfo]) -> list[str]:
    return [str(day_of(info.logical_date)) for info in found]


@pytest.mark.parametrize(
    "timetable", [ASUNCION, DailyTimetable(time(22, 30), "Asia/Tokyo"), DailyTimetable(None, "UTC")]
)
def test_a_backfill_has_the_days_from_the_first_to_the_last(timetable: DailyTimetable) -> None:
    assert days(between(timetable, "2025-01-01", "2025-01-03")) == ["2025-01-01", "2025-01-02", "2025-01-03"]
    assert days(between(timetable, "2024-02-28", "2024-03-01")) == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert days(between(timetable, "2025-01-01T12:00", "2025-01-02")) == ["2025-01-02"]
    assert between(timetable, "2025-01-02", "2025-01-01") == []


def test_a_run_begins_at_its_time_of_its_day() -> None:
    [info] = between(ASUNCION, "2025-07-01", "2025-07-01")
    assert info.run_after == datetime(2025, 7, 1, 9, tzinfo=UTC)
    [info] = between(DailyTimetable(time(22, 30), "Asia/Tokyo"), "2025-07-01", "2025-07-01")
    assert info.run_after == datetime(2025, 7, 1, 13, 30, tzinfo=UTC)


def test_the_first_run_is_the_coming_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for now, day in [("2025-07-01T08:59:00Z", "2025-07-01"), ("2025-07-01T09:00:00Z", "2025-07-02")]:
        clock(monkeypatch, now)
        info = following(ASUNCION)
        assert info is not None
        assert days([info]) == [day]


@pytest.mark.parametrize(
    ("last", "day"),
    [
        ("2025-07-09", "2025-07-10"),  # nothing was missed
        ("2025-07-06", "2025-07-07"),  # a weekend without a scheduler
        ("2025-07-03", "2025-07-04"),  # seven days
        ("2025-07-02", "2025-07-11"),  # too long ago: a backfill makes up for it
        ("2019-01-01", "2025-07-11"),
    ],
)
def test_missed_days_are_made_up_for(last: str, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, "2025-07-10T15:00:00Z")
    info = following(ASUNCION, date.fromisoformat(last))
    assert info is not None
    assert days([info]) == [day]


def test_without_a_time_nothing_runs_by_itself() -> None:
    off = DailyTimetable(None, "UTC")
    assert following(off) is None
    assert following(off, date(2025, 1, 1)) is None
    assert off.summary == "off"


def test_it_survives_being_stored() -> None:
    for timetable in (ASUNCION, DailyTimetable(None, "UTC")):
        copy = DailyTimetable.deserialize(timetable.serialize())
        assert (copy.at, copy.timezone, copy.description) == (timetable.at, timetable.timezone, timetable.description)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_logical_date_names_its_day(day: date) -> None:
    assert day_of(midnight(day)) == day
    assert day_of(midnight(day) + timedelta(hours=9)) is None


def test_a_run_by_hand_has_no_day() -> None:
    assert day_of(None) is None
    assert day_of(datetime(2025, 7, 10, 15, 2, 33, tzinfo=UTC)) is None


def test_a_form_that_is_opened_at_midnight_names_no_day() -> None:
    midnight_of_the_day = datetime(2025, 7, 10, tzinfo=UTC)
    assert day_of(midnight_of_the_day, now=datetime(2025, 7, 10, 0, 2, 33, tzinfo=UTC)) is None
    assert day_of(midnight_of_the_day, now=datetime(2025, 7, 10, 15, 2, 33, tzinfo=UTC)) == date(2025, 7, 10)
