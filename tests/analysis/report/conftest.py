"""Runs that many tests look at; each is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.report import runs


@pytest.fixture(scope="session")
def everyday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the sample, with its report."""
    return runs.reported(tmp_path_factory.mktemp("everyday") / "run", runs.SAMPLE)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a hostile export, with its report."""
    return runs.hostile(tmp_path_factory.mktemp("hostile") / "run")
