"""`python -m include.local_airflow run FILE --out DIR [...]`, `... ui`, and `... airflow ARGUMENTS`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from include.analysis.arguments import Parser, add_arguments
from include.analysis.errors import UserError
from include.local_airflow.errors import LaunchFailed
from include.local_airflow.home import Home
from include.local_airflow.outcome import FAILED, UNUSABLE
from include.local_airflow.processes import Interrupted, interrupt_by_signals
from include.local_airflow.ui import PORT, AlreadyRunning, command, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 failed, 2 unusable input or arguments, 128 + n signal n."""
    interrupt_by_signals()
    try:
        arguments = _parser().parse_args(argv)
        return COMMANDS[arguments.command](arguments)
    except Interrupted as interruption:
        print(_farewell(argv), file=sys.stderr)
        return interruption.status
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except LaunchFailed as failure:
        print(f"error: {failure.explanation()}", file=sys.stderr)
        return FAILED


def _parser() -> Parser:
    parser = Parser(prog="python -m include.local_airflow", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    add_arguments(commands.add_parser("run", help="run the DAG once over an export"))
    ui = commands.add_parser("ui", help="the whole Airflow with its UI")
    ui.add_argument("--port", metavar="N", type=int, default=PORT, help=f"port, when it is free (default: {PORT})")
    airflow = commands.add_parser("airflow", help="a command of Airflow's own, for the Airflow of `ui`")
    airflow.add_argument("arguments", nargs=argparse.REMAINDER, help="like: dags list")
    return parser


def _ui(arguments: argparse.Namespace) -> int:
    try:
        serve(Home.of_project(), arguments.port)
    except AlreadyRunning as error:
        print(f"error: {error}", file=sys.stderr)
    return FAILED


def _run(arguments: argparse.Namespace) -> int:
    from include.local_airflow.preflight import request
    from include.local_airflow.run import OutputInUse, run

    try:
        outcome = run(request(arguments), Home.of_project())
    except OutputInUse as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    for line in outcome.problems:
        print(line, file=sys.stderr)
    sys.stderr.flush()
    for line in outcome.lines:
        print(line)
    return outcome.status


def _airflow(arguments: argparse.Namespace) -> int:
    return command(Home.of_project(), arguments.arguments)


COMMANDS = {"run": _run, "ui": _ui, "airflow": _airflow}


def _farewell(argv: Sequence[str] | None) -> str:
    running = (sys.argv[1:] if argv is None else list(argv))[:1] == ["run"]
    return "interrupted; the same command goes on from here" if running else "Airflow has ended"


if __name__ == "__main__":
    sys.exit(main())
