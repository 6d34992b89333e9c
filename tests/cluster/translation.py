"""From containers to processes of one machine: the only things that differ from docker-compose.yaml, in one table.

A container has a network, a file system and a host name of its own. A process shares those of the machine, so that
addresses, ports, folders and names are translated; nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from include.local_airflow.home import HOST
from include.local_airflow.server import free_port
from tests.cluster.listening import Listening, listening


@dataclass(frozen=True)
class Place:
    """Where the processes of a test cluster live."""

    folder: Path
    postgres: int
    redis: int
    api: int
    health: int
    listening: Mapping[str, Listening] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, folder: Path) -> Place:
        """Free ports, folders inside of this one, and the servers that listen already."""
        return cls(folder, *(free_port() for _ in range(4)), listening())

    @property
    def airflow(self) -> Path:
        return self.folder / "airflow"

    @property
    def database(self) -> Path:
        return self.folder / "database"

    @property
    def broker(self) -> Path:
        return self.folder / "broker"

    @property
    def texts(self) -> dict[str, str]:
        """What is replaced wherever it stands: folders, and the addresses that services have for each other."""
        others = {here: there for server in self.listening.values() for here, there in server.texts.items()}
        own = {
            "/opt/airflow": str(self.airflow),
            "/var/lib/postgresql/data": str(self.database),
            "postgres:5432": f"{HOST}:{self.postgres}",
            "redis:6379": f"{HOST}:{self.redis}",
            "api-server:8080": f"{HOST}:{self.api}",
            "localhost:8080": f"{HOST}:{self.api}",
            "//127.0.0.1:5432": f"//{HOST}:{self.postgres}",
            "//127.0.0.1:6379": f"//{HOST}:{self.redis}",
            "127.0.0.1:8080": f"{HOST}:{self.api}",
            "127.0.0.1:8974": f"{HOST}:{self.health}",
        }
        return {**others, **own, **others}  # the first that fits is taken

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables whose whole value is replaced."""
        return {
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": str(self.api),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.health),
        }

    @property
    def arguments(self) -> dict[str, str]:
        """Words of a command that are replaced when they are the whole word."""
        return {"/data": str(self.broker)}

    def text(self, text: str) -> str:
        """Translate a text."""
        return re.sub("|".join(map(re.escape, self.texts)), lambda found: self.texts[found[0]], text)

    def command(self, words: list[str]) -> list[str]:
        """Translate a command."""
        return [self.arguments.get(word) or self.text(word) for word in words]

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Translate environment variables."""
        translated = {name: self.text(value) for name, value in environment.items()}
        return {**translated, **{name: value for name, value in self.variables.items() if name in translated}}


@dataclass(frozen=True)
class Instance:
    """One container of a service; of workers there are several, told apart by the names of their hosts."""

    name: str
    service: str

    @property
    def arguments(self) -> list[str]:
        """What is added to the command.

        Celery asks the host for its name. Airflow's log servers listen on every address of the machine, which tests
        must not, and they are not needed: the logs are on one disk.
        """
        return {
            "worker": ["--celery-hostname", self.name, "--skip-serve-logs"],
            "triggerer": ["--skip-serve-logs"],
        }.get(self.service, [])
