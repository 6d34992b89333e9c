"""Imports the heavy libraries once in the processes that fork tasks, so that no task pays for them."""

import importlib
import sys
from contextlib import suppress

__all__: list[str] = []

_HEAVY = (
    "pandas",  # pyarrow imports it when it first converts a Python value
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "include.analysis.duplicates",
    "include.analysis.emotions",
    "include.analysis.near_duplicates",
    "include.analysis.pipeline",
    "include.analysis.report",
    "include.analysis.themes",
)

if {"scheduler", "celery"} & set(sys.argv[1:3]) or sys.argv[1:3] == ["dags", "test"]:
    for _name in _HEAVY:
        with suppress(ImportError):
            importlib.import_module(_name)
