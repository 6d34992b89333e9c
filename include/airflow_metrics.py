"""Sends the figures of a task to Airflow's own metrics, from where StatsD or OpenTelemetry collectors get them."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)


def send_metrics(figures: dict[str, Any], analysis: str) -> None:
    """Send a task's figures. Nothing happens when Airflow's metrics are off, and no failure disturbs the task."""
    from airflow.sdk.observability import stats

    from include.analysis.figures import metrics

    try:
        for kind, name, value, tags in metrics(figures, analysis):
            if kind == "incr":
                stats.incr(name, int(value), tags=tags)
            elif kind == "gauge":
                stats.gauge(name, value, tags=tags)
            else:
                stats.timing(name, value, tags=tags)
    except Exception:
        log.warning("the metrics of %s could not be sent", analysis, exc_info=True)
