"""How Airflow's processes connect to a SQLite database that they write to at the same time."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

BUSY_SECONDS = 60
PAUSE_SECONDS = 0.02
"""After each such transaction. Who waits for the lock looks for it ten times a second: without a pause, a backfill of a
year keeps the scheduler waiting until it takes itself for dead."""


class Cursor(sqlite3.Cursor):
    """A cursor whose savepoints take the lock of the writer when they begin.

    Outside a transaction SQLite takes a savepoint for the beginning of one that reads. When such a transaction comes to
    write and another process has written meanwhile, SQLite refuses at once ("database is locked"), however long the
    connection would wait: a backfill that is created while the scheduler is busy fails like that.
    """

    connection: Connection

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run a statement."""
        connection = self.connection
        if sql.startswith("SAVEPOINT ") and not connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
            connection.outermost = sql.removeprefix("SAVEPOINT ")
        super().execute(sql, parameters)
        if sql == f"RELEASE SAVEPOINT {connection.outermost}":  # which ends the transaction it began
            connection.outermost = None
            super().execute("COMMIT")
            time.sleep(PAUSE_SECONDS)
        return self


class Connection(sqlite3.Connection):
    """A connection with these cursors; `outermost` is the savepoint that began the transaction."""

    outermost: str | None = None

    def cursor(self, factory: Any = Cursor) -> Any:
        """A new cursor."""
        return super().cursor(factory)


CONNECT_ARGS: dict[str, Any] = {"timeout": BUSY_SECONDS, "factory": Connection}
CONNECT_ARGS_ASYNC: dict[str, Any] = {"timeout": BUSY_SECONDS}
"""What Airflow passes to sqlite3.connect, and to its asynchronous twin."""
