"""The first task: it finds the input of a run, and waits for a late export without holding a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.airflow_timetable import day_of
from include.analysis.errors import AlreadyAnalysed, ExportMissing, ExportUnfinished, NoRowsOfDay
from include.analysis.settings import load_settings

if TYPE_CHECKING:
    from airflow.sdk import Context

AUTOMATIC = ("scheduled", "backfill")
BY_HAND_HOURS = 1.0
"""How long a run by hand waits for an export that is being written."""


class ExportTrigger(BaseTrigger):
    """Ends when the exports of a day (None: the newest one) are complete in the inbox, or at a time (ISO 8601)."""

    def __init__(self, day: str | None, until: str, poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.day = day
        self.until = until
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"day": self.day, "until": self.until, "poll_seconds": self.poll_seconds},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        until = datetime.fromisoformat(self.until)
        while not (found := await asyncio.to_thread(self.found)) and datetime.now(UTC) < until:
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent(found)  # type: ignore[no-untyped-call]

    def found(self) -> bool:
        from include.analysis.inbox import Inbox

        inbox = Inbox.of(load_settings())
        try:
            if self.day is None:
                inbox.newest()
            else:
                inbox.of_day(date.fromisoformat(self.day))
        except (ExportMissing, ExportUnfinished):
            return False
        return True


class FindInput(BaseOperator, SkipMixin):
    """Validates the parameters, finds the input, and begins the run folder, whose path it returns.

    Of the tasks that are named like `analyses` it skips those that the run does not want.

    A run of the schedule or of a backfill waits for its export for a set time from when it was to begin. When there is
    still none it is skipped, or fails, as set; it is skipped, too, when another run has analysed the day from the same
    files. A run by hand waits only for an export that is being written.
    """

    def __init__(self, *, analyses: Sequence[str], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.analyses = list(analyses)

    def execute(self, context: Context) -> str:
        from include.analysis import pipeline

        folder = self.find(context)
        selected = pipeline.selected_analyses(folder)
        unselected = [task for task in self.downstream_list if task.task_id in set(self.analyses) - set(selected)]
        if unselected:
            context["ti"].xcom_push(key="return_value", value=folder)  # skipping ends the task, with success
            self.skip(context["ti"], unselected)
        return folder

    def find(self, context: Context) -> str:
        """The folder of a run that has begun; raises to wait, to skip the run, or to fail it."""
        from include.analysis import pipeline

        dag_run, params = context["dag_run"], dict(context["params"])
        automatic = dag_run.run_type in AUTOMATIC
        day = day_of(dag_run.logical_date, None if automatic else datetime.now(UTC))
        asked = not automatic or bool(dag_run.clear_number)
        try:
            return pipeline.find_input(params, dag_run.run_id, day, again=asked)
        except (ExportMissing, ExportUnfinished) as error:
            if automatic or isinstance(error, ExportUnfinished):
                hours = load_settings().wait_hours if automatic else BY_HAND_HOURS
                self.wait(error, params.get("date") or day, dag_run.run_after + timedelta(hours=hours))
            if not self.may_skip(error, day, params):
                raise
            reason = str(error)
        except (AlreadyAnalysed, NoRowsOfDay) as error:
            if not automatic:
                raise
            reason = str(error)
        raise AirflowSkipException(pipeline.skip(dag_run.run_id, reason))

    def wait(self, error: Exception, day: date | str | None, until: datetime) -> None:
        """Leave the worker until the inbox has what is missing; return when the time is over."""
        if datetime.now(UTC) < until:
            self.log.info("waiting until %s: %s", until.isoformat(timespec="minutes"), error)
            poll = min(60.0, max(1.0, load_settings().ready_seconds or 30.0))
            trigger = ExportTrigger(str(day) if day else None, until.isoformat(), poll)
            self.defer(trigger=trigger, method_name="execute_again")

    def execute_again(self, context: Context, event: bool) -> str:
        """Go on after waiting: the export is there, or the time is over."""
        return self.execute(context)

    @staticmethod
    def may_skip(error: Exception, day: date | None, params: Mapping[str, Any]) -> bool:
        """Whether a run without an export is no failure: nobody named the day, the schedule did."""
        return (
            isinstance(error, ExportMissing)
            and day is not None
            and not params.get("date")
            and load_settings().skip_missing
        )
