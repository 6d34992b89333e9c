"""How a DAG run ended, read from what it left in its run folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DONE, FAILED, UNUSABLE = 0, 1, 2
EXIT_STATUS = {"success": DONE, "partial_success": DONE}


@dataclass(frozen=True)
class Outcome:
    """The exit status; lines for stdout about the results; lines for stderr about what went wrong."""

    status: int
    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_outcome(folder: Path, began: int, dag_status: int, log: Path) -> Outcome:
    """The outcome of the run that began at a time (ns) and whose DAG process ended with a status.

    What an earlier run left in the folder is not taken for this one's.
    """
    results = _read(folder / "results.json", began)
    if results is not None:
        return _with_results(results, folder, log)
    failures = [failure for path in sorted(folder.glob("errors/*.json")) if (failure := _read(path, began))]
    for failure in failures:
        if failure.get("kind") == "user":
            return Outcome(UNUSABLE, problems=(_error(failure),))
    if failures:
        return Outcome(FAILED, problems=(_error(failures[0]), f"Log: {log}"))
    ending = "the run ended without results" if dag_status == 0 else "the DAG run failed"
    return Outcome(FAILED, problems=(f"error: {ending}; the log says why", f"Log: {log}"))


def _with_results(results: dict[str, Any], folder: Path, log: Path) -> Outcome:
    from include.analysis.report_text import place, summary_lines

    status = EXIT_STATUS.get(str(results.get("status")), FAILED)
    problems = () if results.get("status") == "success" else (f"Log: {log}",)
    try:
        lines = summary_lines(results, folder)
    except (KeyError, TypeError, ValueError):
        lines = [f"status: {results.get('status')}", place(folder)]
    return Outcome(status, tuple(lines), problems)


def _error(failure: dict[str, Any]) -> str:
    message = " ".join(str(failure.get("message", "")).split()) or "no reason was recorded"
    return f"error: {message}"


def _read(path: Path, began: int) -> dict[str, Any] | None:
    try:
        if path.stat().st_mtime_ns < began:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
