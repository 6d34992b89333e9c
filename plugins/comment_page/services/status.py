"""How a job stands: what Airflow says of its run, and what the run's folder shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comment_page.errors import without_places
from comment_page.models import JobStatus, Phase, Run, State
from comment_page.services.places import run_folder
from comment_page.services.results import results_of
from comment_page.services.watch import Seen, Watches

if TYPE_CHECKING:
    from include.analysis.run_folder import RunFolder

STOPPED = "Stopped by "
"""How the note of a run begins that was cancelled here."""
PHASES: dict[str, Phase] = {
    "splitting": "splitting",
    "analysing": "analysing",
    "aggregating": "aggregating",
    "reporting": "reporting",
    "finished": "reporting",  # Airflow has not ended the run yet
}
HIGHEST_WHILE_RUNNING = 99.0
WATCHES = Watches()


def job_status(airflow: dict[str, Any]) -> JobStatus:
    """The status of a job, from the run as Airflow's API shows it."""
    run = run_folder(airflow["dag_run_id"])
    if airflow["state"] == "queued":
        return JobStatus(
            **_common(airflow), input_name=input_name(airflow, {}), state="queued", phase="queued", **_nothing_yet()
        )
    seen = WATCHES.of(airflow["dag_run_id"], run).look()
    ended = airflow["state"] in {"success", "failed"}
    results = results_of(run) if ended else None
    state = state_of(airflow, run)
    counts = _of_results(results) if results else _of_folder(seen)
    if state in {"success", "partial_success"}:
        counts["percentage"] = 100.0
    phase: Phase = "finished" if ended else PHASES[seen.progress.phase]
    return JobStatus(
        **_common(airflow),
        state=state,
        phase=phase,
        message=message_of(state, run, results),
        input_name=input_name(airflow, results or {}),
        **counts,
    )


def state_of(airflow: dict[str, Any], run: RunFolder) -> State:
    """How a job stands in one word."""
    state: State = airflow["state"]
    if state == "failed" and str(airflow["note"] or "").startswith(STOPPED):
        return "cancelled"
    if state == "success":
        if run.skip_file.exists():
            return "skipped"
        results = results_of(run)
        return "partial_success" if results and results["status"] == "partial_success" else "success"
    return state


def message_of(state: str, run: RunFolder, results: dict[str, Any] | None) -> str | None:
    """Why a job failed, was skipped or is not complete."""
    from include.analysis.report_text import recovery_lines

    if state == "skipped":
        return without_places(run.skipped() or "")
    if state == "failed":
        failures = [failure["message"] for failure in run.failures().values()]
        return without_places("; ".join(failures) or "the log of the task that failed says why")
    if state == "partial_success" and results:
        return without_places("; ".join(recovery_lines(results)))
    return None


def job_state(airflow: dict[str, Any]) -> State:
    """How the job of a run stands."""
    return state_of(airflow, run_folder(airflow["dag_run_id"]))


def listed_run(airflow: dict[str, Any]) -> Run:
    """A run for the list."""
    run = run_folder(airflow["dag_run_id"])
    run.fetch("results.json", "skipped.json")
    results = results_of(run) or {}
    return Run.model_validate(
        {
            "job_id": airflow["dag_run_id"],
            "state": state_of(airflow, run),
            "airflow_state": airflow["state"],
            "run_type": airflow["run_type"],
            "input_name": input_name(airflow, results),
            "rows": results.get("summary", {}).get("total_processed"),
            "queued": airflow["queued_at"],
            "started": airflow["start_date"],
            "ended": airflow["end_date"],
            "user": airflow["triggering_user_name"],
        }
    )


def input_name(airflow: dict[str, Any], results: dict[str, Any]) -> str | None:
    """What a run analyses: as its results say, or else as it was asked for."""
    given = str((airflow["conf"] or {}).get("input_path") or "")
    return results.get("input", {}).get("name") or given.rpartition("/")[2] or None


def _common(airflow: dict[str, Any]) -> dict[str, Any]:
    started, ended = (_moment(airflow[name]) for name in ("start_date", "end_date"))
    elapsed = ((ended or datetime.now(UTC)) - started).total_seconds() if started else 0.0
    return {
        "job_id": airflow["dag_run_id"],
        "airflow_state": airflow["state"],
        "elapsed_seconds": round(max(elapsed, 0.0), 1),
        "started": started,
        "ended": ended,
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _nothing_yet() -> dict[str, Any]:
    names = ("percentage", "processed", "items_per_second", "batches_completed", "retries", "error_count")
    return dict.fromkeys(names, 0)


def _of_folder(seen: Seen) -> dict[str, Any]:
    progress, attempts = seen.progress, seen.attempts
    total = progress.total or 0
    return {
        "percentage": min(round(100 * seen.answers / total, 2), HIGHEST_WHILE_RUNNING) if total else 0.0,
        "processed": seen.answers // seen.analyses,
        "total": progress.rows,
        "eta_seconds": round((total - seen.answers) / seen.rate, 1) if seen.rate else None,
        "items_per_second": round(seen.rate / seen.analyses, 1),
        "average_batch_time": attempts.average_seconds,
        "batches_completed": progress.batches_done,
        "batches_total": progress.batches,
        "retries": attempts.retries,
        "error_count": attempts.failed,
        "duplicates_found": seen.repeats,
        "memory_mb": attempts.peak_memory_mb,
    }


def _of_results(results: dict[str, Any]) -> dict[str, Any]:
    summary, performance = results["summary"], results["performance"]
    return {
        "percentage": HIGHEST_WHILE_RUNNING,
        "processed": summary["total_processed"],
        "total": summary["total_processed"],
        "eta_seconds": 0.0,
        "items_per_second": performance["items_per_second"],
        "average_batch_time": performance["average_batch_time"],
        "batches_completed": summary["total_batches"],
        "batches_total": summary["total_batches"],
        "retries": len(results["recovery"]["retries"]),
        "error_count": summary["error_count"],
        "duplicates_found": results.get("duplicates", {}).get("total_duplicates"),
        "memory_mb": max(performance["peak_memory_mb"].values(), default=None),
    }
