"""From containers to processes of one machine: the only things that differ from docker-compose.yaml, in one table.

A container has a network, a file system and a host name of its own. A process shares those of the machine, so that
addresses, ports, folders and names are translated; nothing else is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.local_airflow.home import HOST
from include.local_airflow.server import free_port


@dataclass(frozen=True)
class Place:
    """Where the processes of a test cluster live."""

    folder: Path
    postgres: int
    redis: int
    api: int
    health: int
    trigger_logs: int

    @classmethod
    def in_folder(cls, folder: Path) -> Place:
        """Free ports, and folders inside of this one."""
        return cls(folder, *(free_port() for _ in range(5)))

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
        return {
            "/opt/airflow": str(self.airflow),
            "/var/lib/postgresql/data": str(self.database),
            "postgres:5432": f"{HOST}:{self.postgres}",
            "redis:6379": f"{HOST}:{self.redis}",
            "api-server:8080": f"{HOST}:{self.api}",
            "localhost:5432": f"{HOST}:{self.postgres}",
            "localhost:6379": f"{HOST}:{self.redis}",
            "localhost:8080": f"{HOST}:{self.api}",
            "localhost:8974": f"{HOST}:{self.health}",
        }

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables whose whole value is replaced."""
        return {
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": str(self.api),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.health),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.trigger_logs),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "",  # of each worker its own, see Instance
        }

    @property
    def arguments(self) -> dict[str, str]:
        """Words of a command that are replaced when they are the whole word."""
        return {"/data": str(self.broker)}

    def text(self, text: str) -> str:
        """Translate a text."""
        for here, there in self.texts.items():
            text = text.replace(here, there)
        return text

    def command(self, words: list[str]) -> list[str]:
        """Translate a command."""
        return [self.arguments.get(word) or self.text(word) for word in words]

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Translate environment variables."""
        translated = {name: self.text(value) for name, value in environment.items()}
        return {**translated, **{name: value for name, value in self.variables.items() if name in translated}}


@dataclass(frozen=True)
class Instance:
    """One container of a service; of a worker there may be several, told apart by the name of their host."""

    name: str
    service: str
    log_port: int = 0

    @property
    def arguments(self) -> list[str]:
        """What a container's host name says by itself."""
        return ["--celery-hostname", self.name] if self.log_port else []

    @property
    def variables(self) -> dict[str, str]:
        """What a container has by itself, or need not have."""
        ports = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.log_port)} if self.log_port else {}
        return {"HOSTNAME": self.name, **ports}
