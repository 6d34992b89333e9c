"""Tells people how a run ended, by a notifier of Airflow's own that a setting names; off without it.

The setting is JSON: the notifier's class and its arguments, like
`{"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": "cx@example.com"}`. Its templates may use
`headline`, `details` (plain text) and `details_html`; those it has for saying something are filled with them unless
given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib import import_module
from typing import Any

from include.analysis.errors import SettingError
from include.analysis.settings import load_settings

SAYING = {
    "subject": "{{ headline }}",
    "title": "{{ headline }}",
    "html_content": "{{ details_html }}",
    "text": "{{ details }}",
    "body": "{{ details }}",
    "message": "{{ details }}",
}
"""What notifiers call the templates of what they say."""


def is_configured() -> bool:
    """Whether anybody is to be told anything.

    Raises SettingError when the notifier is not there: better known when the DAG is read than on the day it is needed.
    """
    return _notifier() is not None


def tell(headline: str, lines: Sequence[str], context: Any) -> None:
    """Tell people some lines; nothing happens without the setting. A message that cannot be sent is logged."""
    notifier = _notifier()
    if notifier is None:
        return
    details, details_html = "\n".join(lines), "<br>\n".join(map(escape, lines))
    known = {key: value for key, value in dict(context).items() if key != "dag"}  # of which some kinds cannot render
    notifier({**known, "headline": headline, "details": details, "details_html": details_html})


def _notifier() -> Any:
    """The notifier of the setting, ready to be called; None without the setting."""
    configured = load_settings().notifier
    if configured is None:
        return None
    arguments = json.loads(configured)
    module, _, name = arguments.pop("class").rpartition(".")
    try:
        notifier = getattr(import_module(module), name)
        said = {key: template for key, template in SAYING.items() if key in notifier.template_fields}
        return notifier(**{**said, **arguments})
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise SettingError(f"COMMENT_ANALYSIS_NOTIFIER cannot be used, {module}.{name}: {error}") from error


def tell_failure(context: Any) -> None:
    """Tell that a run has failed, and why."""
    _tell_outcome(context["dag_run"].run_id, context)


def tell_partial_success(context: Any) -> None:
    """Tell that a run has left rows without an answer; nothing when it has not."""
    from include.analysis.run_folder import RunFolder

    run_id = context["dag_run"].run_id
    run = RunFolder.of_run(run_id, load_settings())
    run.fetch("results.json")
    if run.status() == "partial_success":
        _tell_outcome(run_id, context)


def _tell_outcome(run_id: str, context: Any) -> None:
    from include.airflow_notes import outcome
    from include.analysis.run_folder import RunFolder

    lines = outcome(RunFolder.of_run(run_id, load_settings()))
    tell(f"Comment analysis: {lines[0].partition(':')[0]} ({run_id})", lines, context)
