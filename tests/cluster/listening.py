"""Servers that listen already, and are used in place of the tests' own when these variables name them.

| variable | meaning |
|---|---|
| `COMMENT_ANALYSIS_TEST_POSTGRES` | `postgresql://SUPERUSER[:PASSWORD]@HOST:PORT/postgres`; a database is made in it |
| `COMMENT_ANALYSIS_TEST_REDIS` | `redis://[:PASSWORD@]HOST:PORT/NUMBER`; must be empty, and is left so |

They are never stopped, so the tests that restart them are skipped.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

POSTGRES = "COMMENT_ANALYSIS_TEST_POSTGRES"
REDIS = "COMMENT_ANALYSIS_TEST_REDIS"


class ListeningPostgres:
    """A database and its owner on a server that is not ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"comment_analysis_test_{secrets.token_hex(4)}"

    @property
    def texts(self) -> dict[str, str]:
        """What is translated in another way than for a server of our own."""
        address = urlsplit(self.url).netloc.rpartition("@")[2]
        return {
            "airflow:&@postgres:5432/airflow": f"{self.name}:&@{address}/{self.name}",
            "//127.0.0.1:5432": f"//{address}",
        }

    def open(self, password: Path) -> None:
        """Make the database."""
        self._do(f"CREATE ROLE {self.name} LOGIN PASSWORD '{password.read_text(encoding='utf-8')}'")
        self._do(f"CREATE DATABASE {self.name} OWNER {self.name}")

    def close(self) -> None:
        """Remove the database."""
        self._do(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._do(f"DROP ROLE IF EXISTS {self.name}")

    def _do(self, statement: str) -> None:
        import psycopg2

        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()


class ListeningRedis:
    """An empty database of a server that is not ours."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def texts(self) -> dict[str, str]:
        """What is translated in another way than for a server of our own."""
        return {"redis://:&@redis:6379/0": self.url, "//127.0.0.1:6379": f"//{urlsplit(self.url).netloc}"}

    def open(self, password: Path) -> None:
        """Take the database."""
        assert not self._client().dbsize(), f"{REDIS}: {self.url} is not empty"

    def close(self) -> None:
        """Leave the database as it was."""
        client = self._client()
        for key in client.scan_iter():
            client.delete(key)

    def _client(self):  # type: ignore[no-untyped-def]
        from redis import Redis

        return Redis.from_url(self.url)


Listening = ListeningPostgres | ListeningRedis


def listening() -> dict[str, Listening]:
    """The servers that the environment names, by service."""
    found: dict[str, Listening] = {}
    if url := os.environ.get(POSTGRES):
        found["postgres"] = ListeningPostgres(url)
    if url := os.environ.get(REDIS):
        found["redis"] = ListeningRedis(url)
    return found
