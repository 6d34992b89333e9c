"""The annotated comments of a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from comment_page.access import MAY_READ
from comment_page.airflow_api import Airflow
from comment_page.models import CommentPage
from comment_page.routes import problems
from comment_page.routes.parameters import JobId, Limit, Offset
from comment_page.services.comments import Filter, page_of

router = APIRouter(prefix="/runs/{job_id}", tags=["results"])
NAME = r"^[a-z0-9_]+$"


@router.get(
    "/comments",
    summary="The comments",
    response_model=CommentPage,
    responses=problems(404, 422),
    dependencies=[MAY_READ],
)
async def comments(
    job_id: JobId,
    airflow: Airflow,
    emotion: Annotated[str | None, Query(pattern=NAME, max_length=64, examples=["anger"])] = None,
    theme: Annotated[str | None, Query(pattern=NAME, max_length=64, examples=["billing"])] = None,
    text: Annotated[str | None, Query(min_length=1, max_length=200, description="Part of the comment.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> CommentPage:
    """Comments with their answers, filtered and paged on the server. Personal data is masked; the files have it."""
    await airflow.run(job_id)
    found, total = await run_in_threadpool(page_of, job_id, Filter(emotion, theme, text), limit, offset)
    return CommentPage(comments=found, total_entries=total)
