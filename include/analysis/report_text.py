"""The few lines that say how a run has ended: what a command prints, and the note of the DAG run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from include.analysis import storage
from include.analysis.run_folder import RunFolder

FILES = (
    *("report.html", "report.xlsx", "comments.csv", "comments_unique.csv", "quarantine.csv", "results.json"),
    *("comments.parquet", "comments_unique.parquet"),
)
"""The results as they are listed: those for people first."""


def summary_lines(results: Mapping[str, Any], folder: Path) -> list[str]:
    """The headline figures of `results.json`, what was retried, recovered and lost, and last where the results are."""
    summary = results["summary"]
    lines = [
        f"{results['status']}: {summary['total_processed']:,} comments in {summary['processing_time']:,.1f} s"
        f" ({results['performance']['items_per_second']:,.0f} rows/s, {_count(summary['total_batches'], 'batch')})"
    ]
    if duplicates := results.get("duplicates"):
        lines.append(
            f"duplicates: {duplicates['total_duplicates']:,} ({duplicates['duplicate_percentage']:.1f} %),"
            f" {duplicates['total_unique']:,} different comments"
        )
    if emotions := results.get("emotions"):
        counts = sorted(emotions["dominant_emotion_counts"].items(), key=lambda item: -item[1])
        lines.append("emotions: " + ", ".join(f"{name} {count:,}" for name, count in counts))
    if themes := results.get("themes"):
        top = [f"{one['theme']} {one['mentions']:,}" for one in themes["top_themes"][:5]]
        lines.append("themes: " + ", ".join(top))
    lines += recovery_lines(results)
    return [*lines, *report_lines(folder), place(folder)]


def report_lines(folder: Path) -> Iterator[str]:
    """Why there is no report, when building it has failed."""
    if failure := RunFolder(folder).failures().get("report"):
        yield (
            f"report: not built ({' '.join(failure['message'].split())}); to build it from the results: "
            f"python -m include.analysis report {shlex.quote(str(folder))}"
        )


def place(folder: Path) -> str:
    """Where the results are, and which."""
    there = storage.names(folder)
    return f"Results: {storage.shown(folder)} ({', '.join(name for name in FILES if name in there)})"


def recovery_lines(results: Mapping[str, Any]) -> Iterator[str]:
    """What was retried, recovered and lost; nothing for a run in which nothing happened."""
    recovery = results["recovery"]
    if retried := recovery["retried_batches"]:
        recovered = recovery["recovered_batches"]
        yield f"retried: {_count(retried, 'batch')} of an analysis; recovered: {recovered:,}"
    for name, count in recovery["rows_without_answer"].items():
        if count:
            yield f"without an answer of {name}: {_count(count, 'row')} ({_why(results, name)})"


def _why(results: Mapping[str, Any], name: str) -> str:
    quarantined = len(results["recovery"]["quarantine"].get(name, []))
    reasons = [f"{_count(quarantined, 'row')} in quarantine.csv"] if quarantined else []
    failed = results["errors"].get(name, {})
    if failed:
        last = list(failed.values())[-1]["error"]
        reasons.append(f"{_count(len(failed), 'batch')} failed: {last}")
    return "; ".join(reasons)


def _count(number: int, what: str) -> str:
    plural = f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"
