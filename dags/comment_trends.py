"""The DAG `comment_trends`: whenever a day lands in the history, the trends are brought up to date.

Wiring only: the work is in `include.analysis.trends`.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the project holds `include`; Airflow adds only `dags`

from airflow.sdk import DAG, Asset, get_current_context, task

HISTORY = Asset("comment_history")


@task
def update_trends() -> list[str]:
    """Bring the trends up to date with the history, and tell people what is new in its last day."""
    from include.airflow_notices import tell
    from include.analysis import pipeline

    context = get_current_context()
    events = [event for events in context["triggering_asset_events"].values() for event in events]
    news = pipeline.update_trends([event.extra["day"] for event in events if event.extra["current"]])
    if news:
        tell("Comment analysis: beyond chance", news, context)
    return news


with DAG(
    "comment_trends",
    description="Emotions, themes and repeats over time, from the history of comment_analysis",
    doc_md=Path(__file__).with_suffix(".md").read_text(encoding="utf-8"),
    schedule=[HISTORY],
    max_active_runs=1,
    tags=["comments", "customer experience"],
    default_args={"retries": 3, "retry_delay": timedelta(seconds=2), "retry_exponential_backoff": 2.0},
) as dag:
    update_trends()
