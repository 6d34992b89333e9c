from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.mounted import PREFIX, USERS, Mounted, mounted, set_state, start, store_dag

os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = ",".join(f"{name}:{role}" for name, role in USERS.items())
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "a secret of the tests, known to nobody else" * 2


@pytest.fixture(scope="session")
def database() -> None:
    from airflow.utils.db import initdb

    initdb()
    store_dag()


@pytest.fixture(scope="module")
def airflow(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with mounted(tmp_path_factory.mktemp("airflow")) as found:
        assert any(getattr(route, "path", "") == PREFIX for route in found.app.routes), "the plugin is mounted"
        yield found


TEXTS = [
    "Excelente servicio, muy conforme con la velocidad",
    "Se corta todas las noches, pésima conexión",
    "La factura llegó con error, mi teléfono es 0981 123 456",
    "EXCELENTE servicio muy conforme con la velocidad!!",
    "<script>alert(1)</script> el router no anda",
    "",
]


@pytest.fixture(scope="module")
def finished(airflow: Mounted) -> str:
    """A job that has ended well, with its report; 1,200 comments."""
    from include.analysis import pipeline
    from include.analysis.run_folder import RunFolder
    from tests.analysis.made_runs import made_run, write_comments

    write_comments(airflow.inbox / "marzo.csv", TEXTS * 200)
    job = start(airflow.client("uma"), input_path="marzo.csv")
    pipeline.report(made_run(airflow.folder(job), TEXTS * 200))
    set_state(job, "success")
    assert RunFolder(airflow.folder(job)).status() == "success"
    return job


@pytest.fixture
def export(airflow: Mounted) -> Path:
    """A small export in the inbox."""
    from tests.analysis.made_runs import write_comments

    return write_comments(airflow.inbox / "abril.csv", TEXTS)
