"""The results of a job."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse

from comment_page.access import MAY_READ
from comment_page.airflow_api import Airflow
from comment_page.models import FileOfResults, ResultFiles, Results
from comment_page.routes import problems
from comment_page.routes.parameters import JobId
from comment_page.services import results

router = APIRouter(prefix="/runs/{job_id}", tags=["results"])
NOT_PACKED = {"content-encoding": "identity"}
"""Airflow would compress the answer, and a part of a compressed file is not what a range asks for."""
ATTACHED = {"content-disposition": 'attachment; filename="results.json"'}
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"  # noqa: E501
"""The report's own policy, which is in it, allows one style alone; this adds who may frame it."""
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"application/octet-stream": {}, "application/json": {}}},
    206: {"description": "The ranges of the file that were asked for", "content": {"application/octet-stream": {}}},
}


@router.get(
    "/results", summary="The figures", response_model=Results, responses=problems(404, 422), dependencies=[MAY_READ]
)
async def figures(job_id: JobId, airflow: Airflow) -> Any:
    """The content of results.json, without where things are on the server."""
    await airflow.run(job_id)
    return await run_in_threadpool(results.told, job_id)


@router.get(
    "/files", summary="The files", response_model=ResultFiles, responses=problems(404, 422), dependencies=[MAY_READ]
)
async def files(job_id: JobId, airflow: Airflow) -> ResultFiles:
    """Which files there are to download."""
    await airflow.run(job_id)
    return ResultFiles(files=await run_in_threadpool(results.files_of, job_id))


@router.get(
    "/files/{name}",
    summary="Download a file",
    response_class=FileResponse,
    responses={**BINARY, **problems(400, 404, 416, 422)},
    dependencies=[MAY_READ],
)
async def download(job_id: JobId, name: FileOfResults, airflow: Airflow) -> Response:
    """A file of the results, whole or a range of it; results.json always whole."""
    await airflow.run(job_id)
    if name == "results.json":  # as it lies there, it tells where the export was
        return JSONResponse(await run_in_threadpool(results.told, job_id), headers=ATTACHED)
    path = await run_in_threadpool(results.file_of, job_id, name)
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=NOT_PACKED)


@router.get(
    "/report",
    summary="The report",
    response_class=FileResponse,
    responses={200: {"description": "The page", "content": {"text/html": {}}}, **problems(400, 404, 416, 422)},
    dependencies=[MAY_READ],
)
async def report(job_id: JobId, airflow: Airflow) -> Response:
    """report.html, to be shown in a frame: no script of it runs, and it is of no origin."""
    await airflow.run(job_id)
    path = await run_in_threadpool(results.file_of, job_id, "report.html")
    return FileResponse(path, media_type="text/html", headers={"content-security-policy": REPORT_POLICY, **NOT_PACKED})
