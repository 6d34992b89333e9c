"""What a browser is shown whose user is not logged in."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse

PAGE = """<!doctype html>
<html lang="es"><head><meta charset="utf-8"><title>Airflow</title></head>
<body><p>Inicie sesión en Airflow para ver esta página. <a href="{address}">Iniciar sesión</a></p>
<p lang="en">Log in to Airflow to see this page. <a href="{address}">Log in</a></p></body></html>
"""


def login_page(request: Request) -> HTMLResponse:
    """A link to Airflow's login, which comes back here."""
    here = request.url.path
    root = request.scope.get("app_root_path", "")
    return HTMLResponse(PAGE.format(address=escape(f"{root}/auth/login?next={quote(here)}")), 401)
