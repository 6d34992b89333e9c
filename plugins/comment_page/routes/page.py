"""The page itself, and the description of the API."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse

from comment_page.access import MAY_READ
from comment_page.routes import problems
from include.analysis.settings import load_settings

router = APIRouter()
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
TITLES = {"es": "Análisis de comentarios", "en": "Comment analysis"}


@router.get("/", response_class=HTMLResponse, include_in_schema=False, dependencies=[MAY_READ])
def page(lang: Annotated[Literal["es", "en"] | None, Query()] = None) -> HTMLResponse:
    """The page, in the language of the reports unless another is asked for."""
    language = lang or load_settings().report_language
    content = _template().substitute(language=language, title=TITLES[language])
    return HTMLResponse(content, headers={"content-security-policy": POLICY})


@cache
def _template() -> Template:
    return Template((Path(__file__).parents[1] / "page.html").read_text(encoding="utf-8"))


@router.get(
    "/api/openapi.json",
    tags=["description"],
    summary="The description of this API",
    response_model=dict[str, Any],
    responses=problems(),
    dependencies=[MAY_READ],
)
def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    app = request.app
    description = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    return {**description, "servers": [{"url": request.scope.get("root_path", "")}]}
