"""Savepoints of one process while another writes to the same database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from include.local_airflow.sqlite import CONNECT_ARGS


def connected(path: Path, connect_args: dict[str, object]) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args=connect_args)
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
    return engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = connected(tmp_path / "a.db", CONNECT_ARGS)
    with found.begin() as connection:
        connection.execute(text("create table rows (number integer)"))
    yield found
    found.dispose()


def insert(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("insert into rows values (:number)"), {"number": number})


def numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("select number from rows order by number")))


def read_then_write(engine: Engine, other: Engine) -> threading.Thread:
    """A savepoint that reads, and writes after the other one has begun to."""
    with engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(text("select count(*) from rows")).all()
            writer = threading.Thread(target=insert, args=(other, 2))
            writer.start()
            writer.join(0.5)
            connection.execute(text("insert into rows values (1)"))
        connection.commit()
    return writer


def test_a_savepoint_that_has_read_can_write(engine: Engine, tmp_path: Path) -> None:
    other = connected(tmp_path / "a.db", CONNECT_ARGS)
    read_then_write(engine, other).join()
    assert numbers(engine) == [1, 2]


def test_by_itself_sqlite_refuses(engine: Engine, tmp_path: Path) -> None:
    plain = connected(tmp_path / "a.db", {"timeout": CONNECT_ARGS["timeout"]})
    with pytest.raises(OperationalError, match="database is locked"):
        read_then_write(plain, engine)


def test_what_a_savepoint_did_can_be_undone(engine: Engine) -> None:
    insert(engine, 1)
    with engine.connect() as connection:
        nested = connection.begin_nested()
        connection.execute(text("insert into rows values (2)"))
        nested.rollback()
        with connection.begin_nested():
            connection.execute(text("insert into rows values (3)"))
        connection.commit()
    assert numbers(engine) == [1, 3]


def test_others_can_write_between_savepoints(engine: Engine, tmp_path: Path) -> None:
    other = connected(tmp_path / "a.db", {"timeout": 0.1})
    with engine.connect() as connection:
        for number in (1, 3):
            with connection.begin_nested():
                connection.execute(text("insert into rows values (:number)"), {"number": number})
            insert(other, number + 1)
        connection.rollback()
    assert numbers(engine) == [1, 2, 3, 4]
