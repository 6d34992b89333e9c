"""The list of jobs, and what there is to choose."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from comment_page.access import MAY_READ, Caller
from comment_page.airflow_api import Airflow
from comment_page.models import Options, RunPage
from comment_page.routes import problems
from comment_page.routes.parameters import Limit, Offset
from comment_page.services.options import options
from comment_page.services.status import listed_run

router = APIRouter(tags=["jobs"])
AirflowState = Literal["queued", "running", "success", "failed"]


@router.get(
    "/runs",
    summary="The jobs",
    response_model=RunPage,
    responses=problems(400, 422),
    dependencies=[MAY_READ],
)
async def runs(
    airflow: Airflow,
    limit: Limit = 25,
    offset: Offset = 0,
    state: Annotated[list[AirflowState] | None, Query(max_length=4, description="Only those in these states.")] = None,
) -> RunPage:
    """All runs of the DAG, those of the schedule and of backfills included, the newest first."""
    found = await airflow.runs(limit, offset, list(state) if state else None)
    listed = await run_in_threadpool(lambda: [listed_run(run) for run in found["dag_runs"]])
    return RunPage(runs=listed, total_entries=found["total_entries"])


@router.get(
    "/options",
    summary="What there is to choose",
    response_model=Options,
    responses=problems(422),
    dependencies=[MAY_READ],
)
def choices(
    user: Caller, lang: Annotated[Literal["es", "en"] | None, Query(description="Of the names.")] = None
) -> Options:
    """The analyses, the names of emotions and themes, the limits, and what the caller may do."""
    return options(user, lang)
