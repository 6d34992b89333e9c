"""The DAG `comment_analysis`: find input, split, mapped tasks for each analysis, aggregate, keep the day, report.

Wiring only: what the tasks do is in `include.analysis.pipeline`, and is imported inside them.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the project holds `include`; Airflow adds only `dags`

from airflow.sdk import DAG, Asset, Metadata, Param, TriggerRule, get_current_context, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowSkipException

from include.airflow_input import FindInput
from include.airflow_notices import is_configured, tell_failure, tell_partial_success
from include.airflow_timetable import DailyTimetable
from include.analysis.errors import AnalysisError
from include.analysis.inbox import Inbox
from include.analysis.settings import load_settings

SETTINGS = load_settings()
ANALYSES = list(SETTINGS.analyses)
HISTORY = Asset("comment_history")
SUGGESTED = 50

PARAMS = {
    "input_path": Param(
        None,
        type=["null", "string"],
        examples=Inbox.of(SETTINGS).suggestions(SUGGESTED),
        title="Export",
        description="Path or URI of the export (.csv, .tsv, .csv.gz, .xlsx, .xls); the inbox is suggested. Empty: the "
        "export of the day below, or else the newest one in the inbox.",
    ),
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description="The day that the export is of: the results land in the history as this day's, in place of those "
        "that it has. Empty: none, but for runs of the schedule and of backfills, which have their own.",
    ),
    "analyses": Param(
        ANALYSES,
        type=["null", "array"],
        items={"type": "string", "enum": ANALYSES},
        uniqueItems=True,
        examples=ANALYSES,
        title="Analyses",
        description="Which to run; the others are skipped.",
    ),
    "text_column": Param(
        None,
        type=["null", "string"],
        title="Column of the comments",
        description="Empty: recognised by its name (Comentario Final, Comentarios, Observaciones, ...).",
    ),
    "by_date": Param(
        False,
        type="boolean",
        section="An export of many days",
        title="Only the rows of the day",
        description="The export spans many days: take the rows of this run's day alone, by the column of the date.",
    ),
    "date_column": Param(
        None,
        type=["null", "string"],
        section="An export of many days",
        title="Column of the date",
        description="Empty: recognised by its name (Fecha, Fecha de respuesta, Timestamp, ...).",
    ),
    "again": Param(
        False,
        type="boolean",
        section="More",
        title="Analyse again",
        description="For runs of the schedule and of backfills: do not skip a day that was analysed from the same "
        "files. A run by hand never skips one.",
    ),
    "sheet": Param(
        None,
        type=["null", "string"],
        section="More",
        title="Sheet",
        description="Of a workbook. Empty: the first that holds comments.",
    ),
    "encoding": Param(
        None,
        type=["null", "string"],
        section="More",
        title="Encoding",
        description="Of a text file: utf-8, utf-16, cp1252, latin-1. Empty: detected.",
    ),
    "delimiter": Param(
        None,
        type=["null", "string"],
        section="More",
        title="Delimiter",
        description="Of a text file: one character, or tab. Empty: detected.",
    ),
    "batch_size": Param(
        None,
        type=["null", "integer"],
        minimum=10,
        maximum=5_000_000,
        section="More",
        title="Rows in a batch",
        description="Empty: planned from the file. The answers do not depend on it.",
    ),
    "workers": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        section="More",
        title="Workers",
        description="How many tasks to plan for; empty: one per core. How many do run at once is the deployment's "
        "parallelism (`make run` sets it to this number).",
    ),
    "max_memory_mb": Param(
        None,
        type=["null", "integer"],
        minimum=128,
        maximum=1_048_576,
        section="More",
        title="Memory of one task (MiB)",
        description="Slices shrink as a task comes near it. Empty: 512.",
    ),
}

FAIL_AT_ONCE_WHERE_RETRIES_CANNOT_HELP = ExceptionRetryPolicy(
    rules=[RetryRule(exception=AnalysisError, action=RetryAction.FAIL, reason="trying again cannot help")]
)


def say_why(context: Any) -> None:
    """Make what went wrong the last line of the task's log, below Airflow's traceback."""
    logging.getLogger("airflow.task").error("%s", context.get("exception") or "the task failed without an error")


@task
def split(folder: str) -> list[dict[str, Any]]:
    """Cut the export into batches, one Parquet file each."""
    from include.analysis import pipeline

    return [{"folder": folder, "batch": b.index, "label": b.label} for b in pipeline.split_all(folder)]


@task
def analyse(name: str, batch: dict[str, Any]) -> dict[str, Any]:
    """Analyse one batch: what has a part already is skipped, and each retry works in smaller slices."""
    from include.airflow_metrics import send_metrics
    from include.analysis import pipeline

    context = get_current_context()
    ti, context["batch_label"] = context["ti"], batch["label"]  # type: ignore[typeddict-unknown-key]
    retry = pipeline.retry_number(ti.try_number, ti.max_tries, ti.task.retries)
    return pipeline.analyse(batch["folder"], batch["batch"], name, retry, number=ti.try_number, report=send_metrics)


@task(trigger_rule=TriggerRule.ALL_DONE, on_success_callback=tell_partial_success if is_configured() else None)
def aggregate(batches: list[dict[str, Any]] | None, run_id: Any = None) -> dict[str, Any]:
    """Merge the parts into the results. Runs when analyses have failed too, and says what is missing."""
    from include.analysis import pipeline

    if batches is None:
        if reason := pipeline.skipped(run_id):
            raise AirflowSkipException(reason)
        raise AnalysisError("the split did not end well, so there is nothing to aggregate")
    return pipeline.aggregate_or_fail(run_id)


@task(outlets=[HISTORY])
def keep_day(run_id: Any = None, dag_run: Any = None) -> Any:
    """Put the day's results into the history, and tell Airflow that it has changed."""
    from include.analysis import pipeline

    kept = pipeline.keep_day(run_id)
    if kept is None:
        raise AirflowSkipException("the run is of no particular day")
    yield Metadata(HISTORY, {**kept, "current": dag_run.run_type != "backfill"})


@task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
def report(run_id: Any = None) -> list[str]:
    """Build the report, the workbook and the file without repeats from the results; trends show the day kept before."""
    from include.analysis import pipeline

    return pipeline.report_of_run(run_id)


with DAG(
    "comment_analysis",
    description="Duplicates, emotions and themes in an export of customer comments",
    doc_md=Path(__file__).with_suffix(".md").read_text(encoding="utf-8"),
    schedule=DailyTimetable(SETTINGS.schedule, SETTINGS.timezone),
    params=PARAMS,
    on_failure_callback=tell_failure if is_configured() else None,
    tags=["comments", "customer experience"],
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=2),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=1),
        "retry_policy": FAIL_AT_ONCE_WHERE_RETRIES_CANNOT_HELP,
        "on_failure_callback": say_why,
    },
) as dag:
    found = FindInput(task_id="find_input", analyses=ANALYSES)
    batches = split(found.output)
    results = aggregate(batches)
    for name in ANALYSES:
        analysed = (
            analyse.override(task_id=name, map_index_template="{{ batch_label }}")
            .partial(name=name)
            .expand(batch=batches)
        )
        found >> analysed >> results
    results >> (kept := keep_day())
    [results, kept] >> report()
