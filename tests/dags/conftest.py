from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def database() -> None:
    from airflow.utils.db import initdb

    initdb()
