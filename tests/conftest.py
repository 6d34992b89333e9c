"""Keeps the tests off the user's Airflow home and settings, and properties off the clock of a busy machine."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from hypothesis import settings

PROJECT = Path(__file__).resolve().parents[1]

# On CI the same examples each time: what chance finds belongs to whoever runs the tests by hand.
settings.register_profile("project", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("project")

# The tests of object stores have an environment and a make target of their own.
collect_ignore = [] if find_spec("moto") else ["store"]

for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "COMMENT_ANALYSIS_"))]:
    if not _name.startswith("COMMENT_ANALYSIS_TEST_"):  # those are settings of the tests
        del os.environ[_name]

# Airflow reads these when it is first imported.
os.environ.update(
    AIRFLOW_HOME=tempfile.mkdtemp(prefix="comment-analysis-tests-"),
    AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT / "plugins"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
)
