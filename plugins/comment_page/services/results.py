"""The results of finished runs: read once while they stay the same, and told without where they lie."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from comment_page.errors import not_found, without_places
from comment_page.models import FileOfResults, ResultFile
from comment_page.services.places import regular_file, run_folder
from include.analysis.files import read_json
from include.analysis.settings import load_settings

if TYPE_CHECKING:
    from include.analysis.run_folder import RunFolder

NAMES: tuple[str, ...] = get_args(FileOfResults)
TOLD_OF_PLACES = ("input", "recovery", "errors")
"""The sections with texts of the program; in the others a path can only be what a customer wrote."""


def results_of(run: RunFolder) -> dict[str, Any] | None:
    """The content of results.json; None when there is none."""
    try:
        status = run.results_file.stat()
    except OSError:
        return None
    return _read(run.results_file, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, modified: int) -> dict[str, Any]:
    found: dict[str, Any] = read_json(path)
    return found


def told(run_id: str) -> dict[str, Any]:
    """The results of a run for an answer; 404 when there are none."""
    run = run_folder(run_id)
    run.fetch("results.json")
    results = results_of(run)
    if results is None:
        raise not_found("the job has no results (yet)")
    return {name: _scrubbed(part) if name in TOLD_OF_PLACES else part for name, part in results.items()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _scrubbed(part) for name, part in value.items() if name != "path"}
    if isinstance(value, list):
        return [_scrubbed(part) for part in value]
    return without_places(value) if isinstance(value, str) else value


def files_of(run_id: str) -> list[ResultFile]:
    """The files of the results of a run."""
    run = run_folder(run_id)
    run.fetch(*NAMES)
    found = []
    for name in NAMES:
        with suppress(OSError):
            size = in_results(run, name).stat().st_size
            found.append(ResultFile.model_validate({"name": name, "bytes": size}))
    return found


def file_of(run_id: str, name: str) -> Path:
    """One file of the results; 404 when it is not there."""
    run = run_folder(run_id)
    run.fetch(name)
    try:
        return in_results(run, name)
    except OSError:
        raise not_found(f"the job has no {name} (yet)") from None


def in_results(run: RunFolder, name: str) -> Path:
    """A file of a run; raises FileNotFoundError for one that a link leads out to."""
    settings = load_settings()
    return regular_file(run.path / name, settings.run_folder or settings.output_root)
