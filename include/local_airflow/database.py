"""The metadata databases: SQLite files, made from a template that is migrated once for each version of Airflow.

Each `make run` works on a copy of its own. In a database that is shared with `make ui`, the scheduler of the UI would
take up the tasks of the run as well, and runs at once would wait for each other's locks.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from include.local_airflow.errors import LaunchFailed
from include.local_airflow.files import lock
from include.local_airflow.home import Home
from include.local_airflow.processes import Children, airflow_command


def airflow_version() -> str:
    """The version of Airflow that is installed."""
    return version("apache-airflow-core")


def template(home: Home, children: Children) -> Path:
    """An empty database of the installed version of Airflow, made when it is missing.

    Raises LaunchFailed.
    """
    path = home.path / f"template-{airflow_version()}.db"
    with lock(home.path / "template.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            remove(draft)
            migrate(draft, home, children)
            copy(draft, path)
            remove(draft)
    return path


def ui_database(home: Home, children: Children) -> Path:
    """The database of the UI, made when it is missing and migrated when Airflow's version has changed.

    Raises LaunchFailed.
    """
    path = home.path / "airflow.db"
    stamp = home.path / f"airflow.db-{airflow_version()}"
    if not path.exists():
        copy(template(home, children), path)
    elif not stamp.exists():
        migrate(path, home, children)
    stamp.touch()
    return path


def copy(source: Path, target: Path) -> None:
    """Copy a database, with what is still in its write-ahead log; the copy appears whole or not at all."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(fresh)) as new:
        old.backup(new)
    fresh.replace(target)


def remove(path: Path) -> None:
    """Remove a database and the files that SQLite keeps beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def migrate(path: Path, home: Home, children: Children) -> None:
    """Bring a database to the installed version of Airflow, creating it when it is missing.

    Raises LaunchFailed.
    """
    log = home.logs / "migrate.log"
    environment = home.environment(path, home.logs, port=1, parallelism=1)
    child = children.start(airflow_command("db", "migrate"), environment, log)
    status = child.wait()
    children.end(child)
    if status:
        raise LaunchFailed("Airflow's database could not be set up", log)
