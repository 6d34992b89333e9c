"""What a new job is called, and the parameters that its run gets."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import HTTPException

from comment_page.models import ProcessRequest
from comment_page.services.places import input_file
from comment_page.services.uploads import FOLDER
from include.analysis import storage
from include.analysis.errors import SettingError
from include.analysis.settings import load_settings

PREFIX = "page__"


def new_id(user: str, key: str | None) -> str:
    """The id of a job. With an idempotency key the same user is always given the same: Airflow has each id once."""
    if key is not None:
        return PREFIX + hashlib.blake2b(f"{user}\n{key}".encode(), digest_size=16).hexdigest()
    return f"{PREFIX}{datetime.now(UTC):%Y-%m-%dT%H.%M.%S}__{secrets.token_hex(4)}"


def params_of(request: ProcessRequest) -> dict[str, Any]:
    """The parameters of the DAG run.

    Raises UserError when the input is none that may be read, or an analysis is unknown.
    """
    refuse_unknown(request.analyses)
    name = f"{FOLDER}/{request.upload_id}" if request.upload_id else request.input_path
    params = {
        "input_path": storage.shown(input_file(name)) if name else None,
        "analyses": request.analyses,
        "text_column": request.text_column,
        "batch_size": request.batch_size,
        "workers": request.n_workers,
        "max_memory_mb": request.max_memory_mb,
        "sheet": request.sheet,
        "encoding": request.encoding,
        "delimiter": request.delimiter,
    }
    return {name: value for name, value in params.items() if value not in (None, [])}


def refuse_unknown(analyses: list[str] | None) -> None:
    """Raise SettingError for an analysis that there is not."""
    there = load_settings().analyses
    for name in analyses or ():
        if name not in there:
            raise SettingError(f"unknown analysis '{name}'; there are: {', '.join(there)}")
    if len(set(analyses or ())) != len(analyses or ()):
        raise SettingError("each analysis can be chosen once")


def same_or_refused(earlier: dict[str, Any], params: dict[str, Any]) -> None:
    """Refuse a key that was used to start something else."""
    if (earlier["conf"] or {}) != params:
        raise HTTPException(409, "the idempotency key was used to start another job; use a new key")
