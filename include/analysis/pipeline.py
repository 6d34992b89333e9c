"""The steps of a run. The DAG's tasks and `BatchProcessor` are thin wrappers around these."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from include.analysis.aggregation import ResultsAggregator
from include.analysis.configuration import RunConfig, validate
from include.analysis.errors import AnalysisError
from include.analysis.parts import Batch
from include.analysis.planning import MAX_BATCHES, plan_batches
from include.analysis.processing import Report, analyse_batch
from include.analysis.reading import Source, check_input, open_source
from include.analysis.registry import load_analysis
from include.analysis.run_folder import RunFolder
from include.analysis.settings import load_settings
from include.analysis.splitting import Splitter

log = logging.getLogger(__name__)


def find_input(params: Mapping[str, Any], run_id: str) -> RunFolder:
    """Validate the parameters, see that the input is there, and begin the run's folder.

    Raises UserError.
    """
    settings = load_settings()
    run = RunFolder.of_run(run_id, settings)
    with recorded_failure(run, "find_input"):
        config = validate(params, settings)
        begin(run, config)
        assert config.input_path is not None
        check_input(config.input_path, config.read_options)
    log.info("input %s, run folder %s", config.input_path, run.path)
    return run


def begin(run: RunFolder, config: RunConfig) -> None:
    """Begin a run: its analyses are made once, so that a mistake in one of their data files is known at once."""
    run.begin(config, {name: load_analysis(name).fingerprint() for name in config.analyses})


def split(run: RunFolder, source: Source | None = None, max_batches: int | None = MAX_BATCHES) -> Iterator[Batch]:
    """Cut the input of a run into batches; each is yielded as soon as it is complete.

    Raises UserError when the input cannot be used.
    """
    config = run.config
    if source is None:
        assert config.input_path is not None
        source = open_source(config.input_path, config.read_options, reserved=reserved_columns(config))
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


def reserved_columns(config: RunConfig) -> frozenset[str]:
    """Names of the columns that the run adds to the input's."""
    names = {"row"}
    for name in config.analyses:
        names.update(load_analysis(name).schema.names)
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
    run = RunFolder(Path(folder))
    return analyse_batch(run, run.batch_list()[batch], name, retry, number, report)


def aggregate(run: RunFolder) -> dict[str, Any]:
    """Write the results from the parts on disk; returns the content of `results.json`."""
    with recorded_failure(run, "aggregate"):
        return ResultsAggregator(run).aggregate()


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
    run = RunFolder(Path(folder))
    with recorded_failure(run, "split"):
        return list(split(run))


def aggregate_or_fail(folder: str) -> dict[str, Any]:
    """`aggregate` for the run in a folder; returns the status and where the results are.

    Raises AnalysisError, when the results are written, if no row has any answer.
    """
    results = aggregate(RunFolder(Path(folder)))
    if results["status"] == "failed":
        raise AnalysisError(f"no analysis gave any answer; {folder}/results.json says why")
    return {"status": results["status"], "rows": results["summary"]["total_processed"], "folder": folder}
