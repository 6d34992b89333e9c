"""What every request passes first: nobody unknown, no other site, no endless bodies; and what every answer carries.

Airflow authenticates nothing that a plugin mounts. Each route asks for the permission that it needs (see `access`); the
gate knows of no routes, so that one that was forgotten, or that does not exist, is closed to strangers too, and nothing
of a body is read before its sender is known.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comment_page.errors import problem
from comment_page.login import login_page

STATIC = "/static"
CALLER = "comment_page.caller"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CUSTOM_HEADER = "x-requested-with"
LARGEST_DOCUMENT = 64 * 1024
"""Bytes of a JSON body. Uploads have a limit of their own."""
UPLOADS = "/api/uploads"

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer that does not say otherwise."""


class Gate:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            await admit(request)
        except HTTPException as refusal:
            page = refusal.status_code == 401 and wants_page(request)
            answer = login_page(request) if page else problem(refusal.status_code, str(refusal.detail))
            await answer(scope, receive, with_headers(send))
            return
        await self.app(scope, receive, with_headers(send))


async def admit(request: Request) -> None:
    """Let a request in, or raise HTTPException."""
    if path_of(request).startswith(f"{STATIC}/") and request.method in SAFE_METHODS:
        return
    await known_caller(request)
    if request.method not in SAFE_METHODS:
        refuse_other_sites(request)
        if path_of(request) != UPLOADS:
            refuse_large_documents(request)


async def known_caller(request: Request) -> None:
    """Ask Airflow who is calling: 401 for nobody, 403 for a token that it did not give."""
    from airflow.api_fastapi.core_api.security import get_user

    request.scope[CALLER] = await get_user(request, None, bearer_of(request))


def caller(request: Request) -> Any:
    """Who is calling, as the gate knows."""
    return request.scope[CALLER]


def bearer_of(request: Request) -> HTTPAuthorizationCredentials | None:
    """The bearer token of a request."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return HTTPAuthorizationCredentials(scheme=scheme, credentials=token) if scheme.lower() == "bearer" else None


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that another site had the browser of a user ask for: then the cookie is all that speaks for it.

    Airflow's cookie is sent along by other ports and subdomains of the same site, too. A page of another origin cannot
    send the custom header, and its browser tells where the request comes from.
    """
    if bearer_of(request):
        return
    headers = request.headers
    if not headers.get(CUSTOM_HEADER):
        raise HTTPException(403, "a request that changes something needs the header X-Requested-With")
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    if site != "same-origin" or (origin is not None and not is_own(origin, request)):
        raise HTTPException(403, "the request comes from another site")


def is_own(origin: str, request: Request) -> bool:
    """Whether an origin is that of Airflow: as the request was sent to it, or as its base_url says."""
    from airflow.configuration import conf

    base = urlsplit(conf.get("api", "base_url", fallback=""))
    host = urlsplit(origin).netloc.lower()
    return bool(host) and host in {request.headers.get("host", "").lower(), base.netloc.lower()}


def refuse_large_documents(request: Request) -> None:
    """Refuse a document of which nothing here has the size; chunked ones do not tell theirs."""
    length = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers:
        raise HTTPException(411, "the request must tell its Content-Length")
    if length and (not length.isascii() or not length.isdigit() or int(length) > LARGEST_DOCUMENT):
        raise HTTPException(413, f"the request is larger than {LARGEST_DOCUMENT // 1024} KiB")


def path_of(request: Request) -> str:
    """The path below where the application is mounted."""
    from starlette._utils import get_route_path

    return get_route_path(request.scope)


def wants_page(request: Request) -> bool:
    return path_of(request) == "/" and "text/html" in request.headers.get("accept", "")


def with_headers(send: Send) -> Send:
    """Add the headers that an answer lacks."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
