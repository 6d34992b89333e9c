"""`python -m include.analysis FILE --out DIR`: the engine without Airflow, with a progress bar.

`python -m include.analysis report RUN_FOLDER` builds the report of a run again.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from include.analysis.arguments import Parser, add_arguments, parameters
from include.analysis.batch_processor import BatchProcessor
from include.analysis.errors import UserError
from include.analysis.progress import ProgressTracker
from include.analysis.report_text import summary_lines

REPORT = "report"
EXIT_STATUS = {"success": 0, "partial_success": 0, "failed": 1}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 failed, 2 unusable input or arguments."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == [REPORT]:
        from include.analysis.report import command

        return command.main(argv[1:])
    parser = Parser(prog="python -m include.analysis", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    tracker = ProgressTracker()
    try:
        results = _process(arguments, tracker)
    except UserError as error:
        tracker.close()
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interruption:
        tracker.close()
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 128 + (interruption.args[0] if interruption.args else signal.SIGINT)
    finally:
        tracker.close()
    folder = Path(arguments.out).absolute()
    _tell("\n".join(summary_lines(results, folder)))
    return EXIT_STATUS[results["status"]]


def _tell(text: str) -> None:
    """Print; where nobody reads it, the results are there all the same."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


def _process(arguments: argparse.Namespace, tracker: ProgressTracker) -> dict[str, Any]:
    params = parameters(arguments)
    path, analyses = params.pop("input_path"), params.pop("analyses", None)
    processor = BatchProcessor(params.pop("batch_size", None), params.pop("workers", None), **params)
    names = analyses.split(",") if analyses is not None else None
    return processor.process_parallel(path, names, tracker.update, out=arguments.out)


if __name__ == "__main__":
    sys.exit(main())
