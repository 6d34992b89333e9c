"""The page `report.html`: one file that asks for nothing else, with no script in it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from include.analysis.report.attention import findings
from include.analysis.report.content import Content
from include.analysis.report.headline import Headline
from include.analysis.report.sections import all_sections

DATA = Path(__file__).parent / "data"
UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of the text after them: neither has a place in a sentence."""


def render(content: Content) -> str:
    """The page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(DATA), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (DATA / "report.css").read_text(encoding="utf-8")
    head = Headline(content)
    page = environment.get_template("report.html.j2").render(
        t=content.t,
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy(style),
        name=head.name,
        subtitle=head.subtitle(),
        banner=head.banner(),
        lead=head.lead(),
        kpis=head.kpis(),
        findings=findings(content),
        sections=all_sections(content),
    )
    return UNSHOWN.sub("", page)


def policy(style: str) -> str:
    """The Content-Security-Policy: nothing is loaded or run, and of styles only this one applies."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
