"""The few lines that a command prints when a run has ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def summary_lines(results: Mapping[str, Any], folder: Path) -> list[str]:
    """The headline figures of `results.json`, and last where the results are."""
    summary = results["summary"]
    lines = [
        f"{results['status']}: {summary['total_processed']:,} comments in {summary['processing_time']:,.1f} s"
        f" ({results['performance']['items_per_second']:,.0f} rows/s, {_batches(summary['total_batches'])})"
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
    lines += [
        f"without an answer: {count:,} rows of {name}"
        for name, count in results["recovery"]["rows_without_answer"].items()
        if count
    ]
    return [*lines, f"Results: {folder} (results.json, comments.csv, comments.parquet)"]


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count:,} batches"
