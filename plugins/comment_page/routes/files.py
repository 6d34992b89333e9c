"""The exports: those that there are, new ones, and how one will be read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from comment_page.access import MAY_READ, MAY_START
from comment_page.models import ExportPage, Preview, PreviewQuery, Upload
from comment_page.routes import problems
from comment_page.routes.parameters import Limit, Offset
from comment_page.services import exports, preview, uploads
from include.analysis.settings import load_settings

router = APIRouter(tags=["exports"])
BODY = {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/inbox",
    summary="The exports that there are",
    response_model=ExportPage,
    responses=problems(422),
    dependencies=[MAY_READ],
)
def inbox(limit: Limit = 50, offset: Offset = 0) -> ExportPage:
    """The exports of the inbox and those that were uploaded."""
    files = exports.listed()
    return ExportPage(files=files[offset : offset + limit], total_entries=len(files))


@router.post(
    "/uploads",
    status_code=201,
    summary="Upload an export",
    response_model=Upload,
    responses=problems(404, 413, 415, 422, 507),
    dependencies=[MAY_START],
    openapi_extra={"requestBody": BODY},
)
async def upload(
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=255, description="Of the file.", examples=["marzo.csv"])],
) -> Upload:
    """Send the bytes of a file as the body. Its type is that of its content, which its name must tell."""
    path = await uploads.receive(name, request.headers.get("content-length"), request.stream())
    described = await run_in_threadpool(exports.described, path, load_settings())
    return Upload(**described.model_dump(), upload_id=path.name)


@router.get(
    "/preview",
    summary="How an export will be read",
    response_model=Preview,
    responses=problems(404, 415, 422),
    dependencies=[MAY_READ],
)
def look_into(query: Annotated[PreviewQuery, Query()]) -> Preview:
    """The first rows of an export, what was detected, and the batches it would be cut into."""
    return preview.preview(query)
