"""One run for each day: its logical date is that day's midnight (UTC), and it begins at a time of that day.

Airflow's cron timetables give the moment of the run as its logical date. Then `airflow backfill create --from-date
2025-01-01 --to-date 2025-01-03` would leave out the third day, whose 06:00 comes after the midnight that the command
takes `2025-01-03` for, and what the run's day is would depend on the time zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime, instance

ONE_DAY = timedelta(days=1)
FORM_IS_OPEN = timedelta(hours=1)
MADE_UP = 7
"""Days without a scheduler that it makes up for; after a longer pause it goes on with the coming day."""


def midnight(day: date) -> DateTime:
    """The logical date of a day's run."""
    return instance(datetime(day.year, day.month, day.day, tzinfo=UTC))


def day_of(logical_date: datetime | None, now: datetime | None = None) -> date | None:
    """The day that a logical date names: None for a run by hand, which has none or the moment it was started at.

    The UI's form gives the minute in which it was opened, which may be midnight; `now` tells that from a day.
    """
    if logical_date is None or (now and abs(now - logical_date) < FORM_IS_OPEN):
        return None
    moment = logical_date.astimezone(UTC)
    return moment.date() if moment.time() == time(0) else None


class DailyTimetable(Timetable):
    """A run every day at a time in a time zone; `at` None: no run by itself, but backfills."""

    def __init__(self, at: time | None, timezone: str) -> None:
        self.at = at
        self.timezone = timezone
        self.description = f"Every day at {at:%H:%M} ({timezone})" if at else "By hand and in backfills only"

    @property
    def summary(self) -> str:
        return f"{self.at:%H:%M} {self.timezone}" if self.at else "off"

    def serialize(self) -> dict[str, Any]:
        return {"at": self.at.isoformat() if self.at else None, "timezone": self.timezone}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> DailyTimetable:
        return cls(time.fromisoformat(data["at"]) if data["at"] else None, data["timezone"])

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval.exact(run_after)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        if self.at is None and restriction.latest is None:  # the scheduler asks; a backfill says until when
            return None
        day = self.coming_day()
        if last_automated_data_interval is not None:
            following = last_automated_data_interval.start.date() + ONE_DAY
            if restriction.catchup or following >= day - MADE_UP * ONE_DAY:
                day = following
        elif restriction.catchup and restriction.earliest is not None:
            day = self.first_day(restriction.earliest)
        if restriction.latest is not None and restriction.latest < midnight(day):
            return None
        return DagRunInfo(run_after=self.begin(day), data_interval=DataInterval.exact(midnight(day)))

    @staticmethod
    def first_day(earliest: DateTime) -> date:
        """The first day whose logical date is not before a moment."""
        moment = earliest.astimezone(UTC)
        return moment.date() + (ONE_DAY if moment.time() > time(0) else timedelta(0))

    def begin(self, day: date) -> DateTime:
        """When the run of a day begins."""
        return instance(datetime.combine(day, self.at or time(0), ZoneInfo(self.timezone)).astimezone(UTC))

    def coming_day(self) -> date:
        """The first day whose run is still to begin."""
        now = datetime.now(ZoneInfo(self.timezone))
        return now.date() + (ONE_DAY if self.begin(now.date()) <= now else timedelta(0))
