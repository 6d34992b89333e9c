"""Says at the end of the tests how long the cluster took to recover."""

from __future__ import annotations

import pytest

DELAYS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DELAYS] = []


@pytest.fixture
def delays(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the end."""
    return request.config.stash[DELAYS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash[DELAYS]:
        terminalreporter.section("delays on the cluster")
        for line in lines:
            terminalreporter.write_line(line)
