"""The DAG `comment_analysis`: find input -> split -> one mapped task for each analysis and batch -> aggregate.

Wiring only: what the tasks do is in `include.analysis.pipeline`, and is imported inside them.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the project holds `include`; Airflow adds only `dags`

from airflow.sdk import DAG, Param, TriggerRule, get_current_context, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from include.analysis.errors import AnalysisError
from include.analysis.settings import load_settings

ANALYSES = list(load_settings().analyses)

PARAMS = {
    "input_path": Param(
        None,
        type=["null", "string"],
        title="Export",
        description="Path of the export (.csv, .tsv, .csv.gz, .xlsx, .xls). Empty: the newest one in the inbox.",
    ),
    "text_column": Param(
        None,
        type=["null", "string"],
        title="Column of the comments",
        description="Empty: recognised by its name (Comentario Final, Comentarios, Observaciones, ...).",
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
    "batch_size": Param(
        None,
        type=["null", "integer"],
        minimum=10,
        maximum=5_000_000,
        title="Rows in a batch",
        description="Empty: planned from the file. The answers do not depend on it.",
    ),
    "max_memory_mb": Param(
        None,
        type=["null", "integer"],
        minimum=128,
        maximum=1_048_576,
        title="Memory of one task (MiB)",
        description="Slices shrink as a task comes near it. Empty: 512.",
    ),
    "workers": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        title="Workers",
        description="How many tasks to plan for; empty: one per core. How many do run at once is the deployment's "
        "parallelism (`make run` sets it to this number).",
    ),
    "sheet": Param(
        None,
        type=["null", "string"],
        title="Sheet",
        description="Of a workbook. Empty: the first that holds comments.",
    ),
    "encoding": Param(
        None,
        type=["null", "string"],
        title="Encoding",
        description="Of a text file: utf-8, utf-16, cp1252, latin-1. Empty: detected.",
    ),
    "delimiter": Param(
        None,
        type=["null", "string"],
        title="Delimiter",
        description="Of a text file: one character, or tab. Empty: detected.",
    ),
}

FAIL_AT_ONCE_WHERE_RETRIES_CANNOT_HELP = ExceptionRetryPolicy(
    rules=[RetryRule(exception=AnalysisError, action=RetryAction.FAIL, reason="trying again cannot help")]
)


def say_why(context: Any) -> None:
    """Make what went wrong the last line of the task's log, below Airflow's traceback."""
    logging.getLogger("airflow.task").error("%s", context.get("exception") or "the task failed without an error")


@task
def find_input(params: Any = None, run_id: Any = None) -> str:
    """Validate the parameters, find the export, and begin the run folder."""
    from include.analysis import pipeline

    return str(pipeline.find_input(dict(params), run_id).path)


@task.branch
def choose_analyses(folder: str) -> list[str]:
    """Let the selected analyses follow; the others are skipped."""
    from include.analysis.run_folder import RunFolder

    return list(RunFolder(Path(folder)).config.analyses)


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


@task(trigger_rule=TriggerRule.ALL_DONE)
def aggregate(batches: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Merge the parts into the results. Runs when analyses have failed too, and says what is missing."""
    from include.analysis import pipeline

    if not batches:
        raise AnalysisError("the split did not end well, so there is nothing to aggregate")
    return pipeline.aggregate_or_fail(batches[0]["folder"])


with DAG(
    "comment_analysis",
    description="Duplicates, emotions and themes in an export of customer comments",
    doc_md=Path(__file__).with_suffix(".md").read_text(encoding="utf-8"),
    schedule=None,
    params=PARAMS,
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
    folder = find_input()
    chosen = choose_analyses(folder)
    batches = split(folder)
    results = aggregate(batches)
    for name in ANALYSES:
        analysed = (
            analyse.override(task_id=name, map_index_template="{{ batch_label }}")
            .partial(name=name)
            .expand(batch=batches)
        )
        chosen >> analysed >> results
