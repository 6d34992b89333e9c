"""`python -m include.analysis report RUN_FOLDER`: build what people read again, from the results of a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.analysis.arguments import Parser
from include.analysis.errors import UserError
from include.analysis.report.build import build
from include.analysis.report.options import ReportOptions
from include.analysis.run_folder import RunFolder
from include.analysis.settings import KEEP, LANGUAGES, load_settings


def main(argv: Sequence[str]) -> int:
    """Run the command; returns its exit status: 0 done, 2 unusable folder, arguments or settings."""
    parser = Parser(prog="python -m include.analysis report", description=__doc__)
    parser.add_argument("folder", metavar="RUN_FOLDER", type=Path, help="folder that holds the results of a run")
    parser.add_argument("--language", choices=LANGUAGES, help="of every word (default: as the settings say)")
    parser.add_argument("--keep", choices=KEEP, help="which of several repeats comments_unique has (default: likewise)")
    parser.add_argument(
        "--mask-personal-data",
        action="store_true",
        default=None,
        help="in the workbook and in comments_unique too (default: likewise)",
    )
    parser.add_argument("--trends", metavar="FILE", type=Path, help="trends.json to show (default: of the history)")
    given: dict[str, Any] = vars(parser.parse_args(argv))
    folder = given.pop("folder").expanduser().absolute()
    try:
        options = replace(
            ReportOptions.of(load_settings()), **{key: value for key, value in given.items() if value is not None}
        )
        written = build(folder, options)
        RunFolder(folder).forget_failure("report")
    except OSError as error:
        print(f"error: the report cannot be written: {error}", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(map(str, written)))
    return 0
