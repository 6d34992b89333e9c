"""Processes that are measured: what they took, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.analysis.memory import MEBIBYTE
from tests.bench import PROJECT

OWN_SETTINGS = ("AIRFLOW", "_AIRFLOW", "COMMENT_ANALYSIS_")
KEPT = ("COMMENT_ANALYSIS_AIRFLOW_HOME",)
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class ChildFailed(Exception):
    """A measured process ended with an error."""


@dataclass(frozen=True)
class Ended:
    """When a process began, its wall seconds, and its peak memory or that of a process that it waited for."""

    began: float
    seconds: float
    peak_mb: float
    output: str


def python(*arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run Python with these arguments in the project.

    Raises ChildFailed.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began, clock = time.time(), time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT, env=surroundings(environment), stdout=output, stderr=errors
        )
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        seconds = time.perf_counter() - clock
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        said = output.read().decode()
        if child.returncode:
            complaint = errors.read().decode()
            raise ChildFailed(f"python {' '.join(arguments)}\nended with {child.returncode}:\n{said}{complaint}")
    return Ended(began, seconds, usage.ru_maxrss * MAXRSS_UNIT / MEBIBYTE, said)


def surroundings(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a measured process: nobody's settings but its own."""
    inherited = {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(OWN_SETTINGS)}
    return {**inherited, **(environment or {})}


def probe(name: str, *arguments: object, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a probe (see `probes.py`) found in a process of its own, with the peak of that process.

    Raises ChildFailed.
    """
    ended = python("-m", "tests.bench.probes", name, *map(str, arguments), environment=environment)
    return {**json.loads(ended.output.splitlines()[-1]), "peak_mb": ended.peak_mb}
