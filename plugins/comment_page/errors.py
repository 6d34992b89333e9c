"""How errors are told: {"detail": what is wrong, "code": which error it is}, in plain words.

No traceback, no path of the server and no detail of a connection leaves in an answer; the log has them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.analysis.errors import (
    AnalysisError,
    CorruptInput,
    EncodingMismatch,
    InputNotFound,
    SettingError,
    UnsupportedInput,
)

log = logging.getLogger(__name__)

STATUS = ((InputNotFound, 404), (UnsupportedInput, 415), (CorruptInput, 415), (EncodingMismatch, 422))
FOLDERS = re.compile(r"(?<![\w/.:])(?:\w+://|/)(?:[^\s/'\":;,()]+/)+(?=[^\s/]|\s|$)")
"""The folders of an absolute path, or the address and folders of a URI."""


def problem(status: int, detail: str, code: str | None = None, headers: Any = None) -> JSONResponse:
    """The answer that tells an error."""
    content = {"detail": detail, **({"code": code} if code else {})}
    return JSONResponse(content, status, headers=headers)


def add_handlers(app: FastAPI) -> None:
    """Tell all errors of an application in one form."""
    app.add_exception_handler(AnalysisError, _analysis_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


async def _analysis_error(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
    return problem(status, without_places(str(error)), code_of(error))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    return problem(error.status_code, without_places(str(error.detail)), headers=error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "; ".join(map(_told, error.errors()[:5])), "invalid_request")


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "something went wrong on the server; its log says what", "internal_error")


def _told(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in _inside(error["loc"]))
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _inside(place: Sequence[Any]) -> Sequence[Any]:
    """The place of an error without the part of the request that it is in."""
    return place[1:] if place and place[0] in {"body", "query", "path", "header"} else place


def code_of(error: Exception) -> str:
    """The name of an error for programs: `text_column_not_found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def without_places(text: str) -> str:
    """A message in which files are told by their names alone."""
    from include.analysis import storage
    from include.analysis.settings import PROJECT, load_settings

    try:
        settings = load_settings()
        roots = (settings.inbox, settings.output_root, PROJECT)
        known = sorted({str(root) for root in roots} | {storage.shown(root) for root in roots}, key=len)[::-1]
    except SettingError:
        known = []
    for root in known:
        text = text.replace(f"{root}/", "").replace(root, "the server's folder")
    return FOLDERS.sub("", text)


def not_found(what: str) -> HTTPException:
    """The error for something that is not there, or that nobody may know of."""
    return HTTPException(404, what)
