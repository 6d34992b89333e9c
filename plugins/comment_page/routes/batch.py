"""Start a job, follow it, stop it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from comment_page.access import MAY_EDIT, MAY_READ, MAY_START, Caller
from comment_page.airflow_api import Airflow, AirflowApi, AirflowError
from comment_page.models import Job, JobStatus, ProcessRequest
from comment_page.routes import problems
from comment_page.routes.parameters import JobId
from comment_page.services import jobs
from comment_page.services.recent import Recent
from comment_page.services.status import STOPPED, job_state, job_status

STATUS_SECONDS = 1.0
LONGEST_NAME_IN_NOTE = 100

router = APIRouter(prefix="/batch", tags=["jobs"])
recent: Recent[JobStatus] = Recent(STATUS_SECONDS)

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="Sent again with the same key, a request starts no second job: it is answered with the first.",
    ),
]


@router.post(
    "/process",
    status_code=202,
    summary="Start a job",
    response_model=Job,
    responses=problems(400, 404, 409, 411, 413, 415, 422),
    dependencies=[MAY_START],
)
async def process(
    body: ProcessRequest, request: Request, airflow: Airflow, user: Caller, idempotency_key: IdempotencyKey = None
) -> Job:
    """Start an analysis of an export. The answer comes at once; the status of the job tells how it goes on."""
    params = await run_in_threadpool(jobs.params_of, body)
    job_id = jobs.new_id(user.get_name(), idempotency_key)
    run = await started(airflow, job_id, params, again=idempotency_key is not None)
    state = await run_in_threadpool(job_state, run)
    address = request.scope["root_path"] + request.app.url_path_for("status", job_id=job_id)
    return Job(job_id=job_id, state=state, status_url=address)


async def started(airflow: AirflowApi, job_id: str, params: dict[str, Any], again: bool) -> dict[str, Any]:
    """The run of an id: a new one, or (`again`: there may be one) that which was started before with these parameters.

    Of two requests at once Airflow refuses one, because the id is taken: it is answered with the run of the other.
    """
    earlier = await airflow.run_if_any(job_id) if again else None
    if earlier is None:
        try:
            return await airflow.start(job_id, params)
        except AirflowError as error:
            if error.status_code != 409:
                raise
        earlier = await airflow.run(job_id)
    jobs.same_or_refused(earlier, params)
    return earlier


@router.get(
    "/status/{job_id}",
    summary="How a job stands",
    response_model=JobStatus,
    responses=problems(404, 422),
    dependencies=[MAY_READ],
)
async def status(job_id: JobId, airflow: Airflow) -> JobStatus:
    """How far a job is. It may be asked often, and by many: it is looked up once a second."""

    async def look() -> JobStatus:
        run = await airflow.run(job_id)
        return await run_in_threadpool(job_status, run)

    return await recent.get(job_id, look)


@router.post(
    "/cancel/{job_id}",
    summary="Stop a job",
    response_model=JobStatus,
    responses=problems(404, 409, 411, 413, 422),
    dependencies=[MAY_EDIT],
)
async def cancel(job_id: JobId, airflow: Airflow, user: Caller) -> JobStatus:
    """Stop a job that waits or runs. What it has done stays on the disk: cleared in Airflow, it goes on from there."""
    run = await airflow.run(job_id)
    if run["state"] not in {"queued", "running"}:
        raise HTTPException(409, f"the job has ended already ({run['state']})")
    run = await airflow.fail(job_id, f"{STOPPED}{user.get_name()[:LONGEST_NAME_IN_NOTE]}.\n\n")
    recent.forget(job_id)
    return await run_in_threadpool(job_status, run)
