"""The figures of many tasks together, and as metrics for a collector (see `performance.PerformanceMonitor.figures`)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Metric = tuple[str, str, float, dict[str, str]]
"""Kind (`timing`, in milliseconds; `gauge`; `incr`), name, value, tags."""

PREFIX = "comment_analysis.task"


def merge_figures(figures: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The figures of many tasks together. Takes what it returns, too: figures may be merged in groups, in any order.

    `tasks`, `seconds`, `rows`, `slices`, `samples` and `errors` are sums; `started` is the first; peaks and
    `memory_mb.max_delta` are the largest. Averages are weighted by what they are an average over: memory and processor
    by seconds, `average_slice_seconds` by slices, `memory_mb.average_delta` by tasks; so that merging in groups differs
    by the rounding of the last digit alone. Tasks without samples do not count for memory and processor.
    `items_per_second` is rows by the summed seconds: the speed of one task, not of the tasks that ran at once.
    """
    tasks = [_merged_form(one) for one in figures]
    measured = [one for one in tasks if one["samples"]]
    errors: Counter[str] = Counter()
    for one in tasks:
        errors.update(one["errors"])
    seconds = math.fsum(one["seconds"] for one in tasks)
    rows = sum(one["rows"] for one in tasks)
    memory, cpu = [one["memory_mb"] for one in measured], [one["cpu_percent"] for one in measured]
    weights = [one["seconds"] for one in measured]
    return {
        "tasks": sum(one["tasks"] for one in tasks),
        "started": min((one["started"] for one in tasks if one["started"]), default=None),
        "seconds": round(seconds, 6),
        "rows": rows,
        "slices": sum(one["slices"] for one in tasks),
        "items_per_second": round(ratio(rows, seconds), 3),
        "average_slice_seconds": round(
            _weighted([one["average_slice_seconds"] for one in tasks], [one["slices"] for one in tasks]), 6
        ),
        "errors": dict(sorted(errors.items())),
        "memory_mb": {
            "average": round(_weighted([one["average"] for one in memory], weights), 3),
            "peak": max((one["peak"] for one in memory), default=0.0),
            "average_delta": round(
                _weighted([one["average_delta"] for one in memory], [one["tasks"] for one in measured]), 3
            ),
            "max_delta": max((one["max_delta"] for one in memory), default=0.0),
        },
        "cpu_percent": {
            "average": round(_weighted([one["average"] for one in cpu], weights), 1),
            "peak": max((one["peak"] for one in cpu), default=0.0),
        },
        "samples": sum(one["samples"] for one in tasks),
    }


def _merged_form(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of one task as those of a group of one."""
    if "tasks" in figures:
        return figures
    delta = figures["memory_mb"]["delta"]
    memory = {**figures["memory_mb"], "average_delta": delta, "max_delta": delta}
    return {**figures, "tasks": 1, "memory_mb": memory}


def metrics(figures: dict[str, Any], analysis: str) -> list[Metric]:
    """What to send to a metrics service about one task, from the figures of its monitor.

    The duration is in milliseconds, as StatsD and OpenTelemetry take timings. Rows, slices and errors are counts to add
    up. The tags name the analysis, and for errors their type.
    """
    tags = {"analysis": analysis}
    found: list[Metric] = [
        ("timing", f"{PREFIX}.duration", 1000 * figures["seconds"], tags),
        ("incr", f"{PREFIX}.rows", figures["rows"], tags),
        ("incr", f"{PREFIX}.slices", figures["slices"], tags),
        ("gauge", f"{PREFIX}.items_per_second", figures["items_per_second"], tags),
    ]
    if figures["samples"]:
        found += [
            ("gauge", f"{PREFIX}.memory_peak_mb", figures["memory_mb"]["peak"], tags),
            ("gauge", f"{PREFIX}.memory_delta_mb", figures["memory_mb"]["delta"], tags),
            ("gauge", f"{PREFIX}.cpu_percent", figures["cpu_percent"]["average"], tags),
        ]
    found += [
        ("incr", f"{PREFIX}.errors", times, {**tags, "error": error}) for error, times in figures["errors"].items()
    ]
    return found


def ratio(amount: float, by: float) -> float:
    return amount / by if by else 0.0


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted average; the sums are exact, so it does not depend on the order."""
    return ratio(math.fsum(value * weight for value, weight in zip(values, weights, strict=True)), math.fsum(weights))
