"""The routes: each asks for a permission, calls a service, and says how it may answer."""

from __future__ import annotations

from typing import Any

from comment_page.models import Problem

REASONS = {
    400: "Airflow refuses the request",
    401: "Nobody is logged in",
    403: "The caller may not do this",
    404: "There is no such thing",
    409: "It contradicts what was done before",
    411: "The request does not tell its length",
    413: "The request is too large",
    415: "The file is not of a type that is read",
    416: "The range is not in the file",
    422: "A parameter or the export cannot be used",
    507: "The disk of the server is full",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its description."""
    return {status: {"model": Problem, "description": REASONS[status]} for status in sorted({401, 403, *statuses})}
