"""The command-line arguments that describe a run, shared by the engine's command and by `make run`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, NoReturn

OPTIONS = (
    "analyses",
    "text_column",
    "batch_size",
    "workers",
    "max_memory_mb",
    "sheet",
    "encoding",
    "delimiter",
)


class Parser(ArgumentParser):
    """A parser that says what is wrong in one line, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (--help lists the arguments)\n")


def add_arguments(parser: ArgumentParser) -> None:
    """Add FILE, --out and one option for each parameter of a run."""
    parser.add_argument("file", metavar="FILE", help="export of comments (.csv, .tsv, .csv.gz, .xlsx, .xls)")
    parser.add_argument("--out", metavar="DIR", default="results", help="folder for the results (default: results)")
    parser.add_argument("--analyses", metavar="LIST", help="comma-separated; default: all")
    parser.add_argument("--text-column", metavar="NAME", help="column of the comments (default: recognised by name)")
    parser.add_argument("--batch-size", metavar="N", type=int, help="rows in a batch (default: planned from the file)")
    parser.add_argument("--workers", metavar="N", type=int, help="tasks at once (default: one per core)")
    parser.add_argument("--max-memory-mb", metavar="N", type=int, help="memory of one worker (default: 512)")
    parser.add_argument("--sheet", metavar="NAME", help="sheet of a workbook (default: the first with comments)")
    parser.add_argument("--encoding", metavar="E", help="encoding of a text file (default: detected)")
    parser.add_argument("--delimiter", metavar="D", help="delimiter of a text file (default: detected)")


def parameters(arguments: Namespace) -> dict[str, Any]:
    """The parameters that were given, by the names that the DAG's Params have."""
    given = {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name) is not None}
    return {"input_path": str(Path(arguments.file).expanduser().absolute()), **given}
