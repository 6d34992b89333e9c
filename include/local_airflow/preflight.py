"""What can be known to be wrong before Airflow is started: arguments, the input, the folder for the results."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from include.analysis.arguments import parameters
from include.analysis.configuration import available_cores, validate
from include.analysis.errors import OutputUnwritable
from include.analysis.reading import check_input
from include.local_airflow.run import Request

MAX_PARALLELISM = 32


def request(arguments: Namespace) -> Request:
    """Check the arguments of a run, and turn them into what to run.

    Raises UserError.
    """
    conf = parameters(arguments)
    config = validate(conf)
    for path in config.inputs:
        check_input(path, config.read_options)
    folder = Path(arguments.out).expanduser().absolute()
    check_output(folder)
    if "analyses" in conf:
        conf["analyses"] = list(config.analyses)
    return Request(conf, folder, min(MAX_PARALLELISM, conf.get("workers") or max(2, available_cores())))


def check_output(folder: Path) -> None:
    """See that a folder can be written, or made.

    Raises OutputUnwritable.
    """
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir():
        raise OutputUnwritable(f"the results cannot be written to {folder}: {nearest} is not a folder; name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputUnwritable(
            f"the results cannot be written to {folder}: permission denied; name a folder that can be"
        )
