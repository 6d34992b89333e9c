"""The steps of a run. The DAG's tasks and `BatchProcessor` are thin wrappers around these."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

from include.analysis import storage
from include.analysis.aggregation import ResultsAggregator
from include.analysis.configuration import RunConfig, validate
from include.analysis.day_record import InputFile
from include.analysis.errors import AlreadyAnalysed, AnalysisError
from include.analysis.files import write_json
from include.analysis.history import History
from include.analysis.memory import MemoryManager
from include.analysis.parts import Batch
from include.analysis.planning import MAX_BATCHES, plan_batches
from include.analysis.processing import Report, analyse_batch
from include.analysis.reading import Source, check_input, open_day, open_sources
from include.analysis.registry import analysis_class, loaded_analysis
from include.analysis.run_folder import RunFolder
from include.analysis.settings import Settings, load_settings
from include.analysis.splitting import Splitter

log = logging.getLogger(__name__)


def find_input(params: Mapping[str, Any], run_id: str, day: date | None = None, again: bool = True) -> str:
    """Validate the parameters, see that the input is there, and begin the run's folder, which is returned.

    `day` is the day that the schedule gives to the run; without `again` a day that another run has analysed from the
    same files is not analysed again, unless the parameter `again` asks for it.
    Raises UserError, AlreadyAnalysed.
    """
    settings = load_settings()
    run = RunFolder.of_run(run_id, settings)
    with recorded_failure(run, "find_input"):
        config = validate(params, settings, day)
        storage.fetch(*config.inputs)
        if config.day and not again and not params.get("again"):
            refuse_same_again(config, run_id, settings)
        begin(run, config)
        if len(config.inputs) > 1 or config.by_date:
            next(open_inputs(config).chunks(1))
        else:
            check_input(config.inputs[0], config.read_options)
    folder = storage.shown(run.path)
    log.info("input %s, run folder %s", ", ".join(map(storage.shown, config.inputs)), folder)
    return folder


def refuse_same_again(config: RunConfig, run_id: str, settings: Settings) -> None:
    """Raise AlreadyAnalysed when another run has analysed the day of this one from the same files in the same way."""
    assert config.day is not None
    history = History(settings.history)
    storage.fetch(history.path_of(config.day))
    kept = history.day(config.day)
    if kept is None or kept.run_id == run_id or kept.status != "success":
        return
    if history.same_input(config.day, files_of(config), fingerprints(config)):
        raise AlreadyAnalysed(
            f"{config.day} was analysed from the same files by the run {kept.run_id}, whose results are in "
            f"{kept.folder}; to do it again, start a run with the parameter again"
        )


def files_of(config: RunConfig) -> list[InputFile]:
    """The input files as they lie there; those that do not are told when they are read."""
    found = []
    for path in config.inputs:
        with suppress(OSError):
            stat = path.stat()
            found.append(InputFile(str(path), stat.st_size, stat.st_mtime_ns))
    return found


def keep_day(run_id: str) -> dict[str, Any] | None:
    """Put the results of a DAG run into the history; returns what there is to know of it, None for a run of no day."""
    settings = load_settings()
    run = RunFolder.of_run(run_id, settings)
    run.fetch("run.json")
    if run.config.day is None:
        return None
    with recorded_failure(run, "keep_day"):
        run.fetch("results.json", "comments.parquet")
        kept = History(settings.history).record(run.config.day, run, run_id, run.files)
    return {
        "day": kept.day.isoformat(),
        "rows": kept.rows,
        "status": kept.status,
        "run_id": run_id,
        "folder": kept.folder,
    }


def skip(run_id: str, reason: str) -> str:
    """Keep why a run has nothing to do, for whoever reports on it; returns the reason."""
    RunFolder.of_run(run_id, load_settings()).record_skip(reason)
    return reason


def begin(run: RunFolder, config: RunConfig) -> None:
    """Begin a run: its analyses are made once, so that a mistake in one of their data files is known at once."""
    run.begin(config, fingerprints(config), files_of(config))


def fingerprints(config: RunConfig) -> dict[str, str]:
    """What the answers of each analysis of a run depend on."""
    settings = load_settings()
    return {name: loaded_analysis(name, settings).fingerprint() for name in config.analyses}


def split(run: RunFolder, source: Source | None = None, max_batches: int | None = MAX_BATCHES) -> Iterator[Batch]:
    """Cut the input of a run into batches; each is yielded as soon as it is complete.

    Raises UserError when the input cannot be used.
    """
    config = run.config
    if source is None:
        source = open_inputs(config)
    plan = plan_batches(
        source.estimated_rows,
        source.bytes_per_row,
        config.max_memory_mb,
        config.workers,
        analyses=len(config.analyses),
        requested=config.batch_size,
        max_batches=max_batches,
    )
    log.info("batches of %d rows: %s", plan.batch_size, plan.reason)
    yield from Splitter(run, source, plan).split()


def open_inputs(config: RunConfig) -> Source:
    """The input of a run: one file or several, whole or the rows of the run's day."""
    reserved = reserved_columns(config)
    if not config.by_date:
        return open_sources(config.inputs, config.read_options, reserved)
    assert config.day is not None
    cache = load_settings().by_day
    return open_day(config.inputs, config.day, config.read_options, reserved, cache, config.date_column)


def reserved_columns(config: RunConfig) -> frozenset[str]:
    """Names of the columns that the run adds to the input's."""
    names = {"row"}
    for name in config.analyses:
        names.update(analysis_class(name).schema.names)
    return frozenset(names)


def retry_number(try_number: int, max_tries: int, retries: int) -> int:
    """Which retry an Airflow task is at, 0 being its first try.

    Clearing a task lets it have all its retries again: it sets `max_tries` to the tries there were plus `retries`, and
    the first try after it works at full size again.
    """
    return max(0, try_number - 1 - (max_tries - retries))


def analyse(
    folder: str, batch: int, name: str, retry: int = 0, number: int = 1, report: Report | None = None
) -> dict[str, Any]:
    """Run one analysis over one batch of the run in a folder (see `processing.analyse_batch`)."""
    run = RunFolder(storage.located(folder))
    run.fetch("run.json", "batches/input.json", "batches/manifest.json", f"batches/{batch:05d}.parquet")
    return analyse_batch(run, run.batch_list()[batch], name, retry, number, report)


def aggregate(run: RunFolder) -> dict[str, Any]:
    """Write the results from the parts on disk; returns the content of `results.json`."""
    with recorded_failure(run, "aggregate"):
        return ResultsAggregator(run, load_settings().mask_personal_data).aggregate()


def report(run: RunFolder) -> list[Path]:
    """Build what people read from the results of a run (see `include.analysis.report`); returns the files.

    An earlier failure to do so is forgotten.
    """
    from include.analysis.report import ReportOptions, build

    with recorded_failure(run, "report"):
        began = time.perf_counter()
        written = build(run.path, ReportOptions.of(load_settings()))
        seconds, peak = round(time.perf_counter() - began, 3), round(MemoryManager.peak_mb(), 1)
        files = [path.name for path in written]
        write_json(run.report_file, {"files": files, "seconds": seconds, "peak_memory_mb": peak})
    run.forget_failure("report")
    return written


@contextmanager
def recorded_failure(run: RunFolder, task: str) -> Iterator[None]:
    """Keep the error of a failing step in the run folder, for whoever reports on the run."""
    try:
        with run.needs_room():
            yield
    except Exception as error:
        with suppress(OSError):  # a full disk cannot take the record either, and is the error to tell
            run.record_failure(task, error)
        raise


def split_all(folder: str) -> list[Batch]:
    """`split`, whole, for the run in a folder."""
    run = RunFolder(storage.located(folder))
    with recorded_failure(run, "split"):
        run.fetch("run.json", "batches/manifest.json")
        storage.fetch(*run.config.inputs)
        return list(split(run))


def selected_analyses(folder: str) -> tuple[str, ...]:
    """The analyses that the run in a folder does."""
    run = RunFolder(storage.located(folder))
    run.fetch("run.json")
    return run.config.analyses


def skipped(run_id: str) -> str | None:
    """Why a DAG run has nothing to do, when that is so."""
    run = RunFolder.of_run(run_id, load_settings())
    run.fetch("skipped.json")
    return run.skipped()


def aggregate_or_fail(run_id: str) -> dict[str, Any]:
    """`aggregate` for a DAG run; returns the status and where the results are.

    Raises AnalysisError: the split is not complete, or no row has any answer (then the results are written all the
    same).
    """
    run = RunFolder.of_run(run_id, load_settings())
    run.fetch("run.json", "batches/", "parts/", "attempts/", "errors/")
    results = aggregate(run)
    if results["status"] == "failed":
        raise AnalysisError(f"no analysis gave any answer; {storage.shown(run.results_file)} says why")
    where = storage.shown(run.path)
    return {"status": results["status"], "rows": results["summary"]["total_processed"], "folder": where}


def report_of_run(run_id: str) -> list[str]:
    """`report` for a DAG run; a run of a day sees to it that the trends know the day. Returns the files."""
    run = RunFolder.of_run(run_id, load_settings())
    run.fetch("run.json", "results.json", "comments.parquet", "quarantine.csv", "errors/")
    if run.config.day is not None:
        try:
            update_trends(())
        except Exception:
            log.warning("the trends could not be brought up to date; the report shows them as they are", exc_info=True)
    return [storage.shown(path) for path in report(run)]


def update_trends(current: Collection[str]) -> list[str]:
    """Bring the trends up to date with the history.

    Returns what rose or fell beyond chance in the last day of the history, a sentence each; nothing when that day is
    none of the `current` ones: nobody wants to be told of a backfill's days one by one.
    """
    from include.analysis import trends
    from include.analysis.change_text import sentence

    settings = load_settings()
    history = History(settings.history)
    storage.fetch(folders=[settings.history, settings.trends])
    found = trends.update(history, settings.trends)
    last = max((record.day for record in history.days()), default=None)
    if str(last) not in current:
        return []
    return [sentence(change) for change in found.changes if change.period == "day" and change.start == last]


def clean() -> dict[str, Any]:
    """Remove what finished runs no longer need; returns how much, and what could not be removed."""
    from include.analysis import housekeeping

    settings = load_settings()
    housekeeping.fetch_records(settings.output_root)
    removed = housekeeping.clean(settings.output_root, settings.keep_days)
    for one in removed:
        log.info("%s: %d bytes%s", one.path, one.bytes, f" ({one.error})" if one.error else "")
    return {
        "removed": len(removed),
        "bytes": housekeeping.freed(removed),
        "errors": [f"{one.path}: {one.error}" for one in removed if one.error],
    }
