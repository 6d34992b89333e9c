"""The Airflow home inside the project, and the environment that its processes get.

Nothing is read from or written to the user's own `~/airflow`: every `AIRFLOW*` variable of the calling shell is
dropped, and the configuration file, the secrets, the databases and the logs lie in the home.

| variable | meaning | default |
|---|---|---|
| `COMMENT_ANALYSIS_AIRFLOW_HOME` | the home | `.airflow/` of the project |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.airflow_secrets import USER, api_secret_key, fernet_key, jwt_secret, login
from include.local_airflow.files import write_once

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
ONE_HEAP = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""All threads of a process, and Arrow, take memory from one heap: what is free in one of several no other can use."""
LONGEST_RUN_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Home:
    """Paths of the home, and of the DAGs that are run in it."""

    path: Path
    dags: Path = PROJECT / "dags"

    @classmethod
    def of_project(cls) -> Home:
        """The home that the environment names, by default the one in the project."""
        named = os.environ.get("COMMENT_ANALYSIS_AIRFLOW_HOME", "").strip()
        return cls(Path(named).expanduser().absolute() if named else PROJECT / ".airflow")

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def configuration(self) -> Path:
        return self.path / "airflow.cfg"

    @property
    def passwords(self) -> Path:
        return self.path / "passwords.json"

    @property
    def password(self) -> str:
        """The password of the UI's one user."""
        return str(json.loads(self.passwords.read_text(encoding="utf-8"))[USER])

    def prepare(self) -> None:
        """Create what is missing of the home: folders, secrets and the password of the UI."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True)
        write_once(self.configuration, _secret_configuration())
        write_once(self.passwords, login())

    def environment(
        self, database: Path, logs: Path, port: int, parallelism: int, own: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The environment of an Airflow process: the caller's without its Airflow, with this home's, and `own`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
        direct = ",".join(filter(None, [inherited.get("no_proxy") or inherited.get("NO_PROXY"), HOST, "localhost"]))
        return {
            **inherited,
            # Task processes call the API server by HTTP: a proxy of the user must not stand between them.
            "NO_PROXY": direct,
            "no_proxy": direct,
            "NO_COLOR": "1",
            **ONE_HEAP,
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(PROJECT), str(PROJECT / "config"), inherited.get("PYTHONPATH")])
            ),
            "AIRFLOW_HOME": str(self.path),
            "AIRFLOW_CONFIG": str(self.configuration),
            **self._settings(database, logs, port, parallelism),
            **(own or {}),
        }

    def _settings(self, database: Path, logs: Path, port: int, parallelism: int) -> dict[str, str]:
        address = f"http://{HOST}:{port}"
        sections: dict[str, dict[str, object]] = {
            "CORE": {
                "EXECUTOR": "include.local_airflow.executor.EndingLocalExecutor",
                "PARALLELISM": parallelism,
                "DAGS_FOLDER": self.dags,
                "PLUGINS_FOLDER": PROJECT / "plugins",
                "LOAD_EXAMPLES": False,
                "DAGS_ARE_PAUSED_AT_CREATION": False,
                "EXECUTION_API_SERVER_URL": f"{address}/execution/",
                "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
                "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.passwords,
            },
            "DATABASE": {
                "SQL_ALCHEMY_CONN": f"sqlite:///{database}",
                "SQL_ALCHEMY_CONNECT_ARGS": "include.local_airflow.sqlite.CONNECT_ARGS",
                "SQL_ALCHEMY_CONNECT_ARGS_ASYNC": "include.local_airflow.sqlite.CONNECT_ARGS_ASYNC",
            },
            "API": {"HOST": HOST, "PORT": port, "BASE_URL": address, "WORKERS": 1},
            # `dags test` queues all tasks of a run at once, and a task's token counts from then (default: 10 minutes).
            "EXECUTION_API": {"JWT_EXPIRATION_TIME": LONGEST_RUN_SECONDS},
            # After how many seconds a scheduler without heartbeats (one in 5) is taken for dead (default: 30), and how
            # often the next one looks for tasks that died with it: their run waits for that (default: 300).
            "SCHEDULER": {"SCHEDULER_HEALTH_CHECK_THRESHOLD": 15, "ORPHANED_TASKS_CHECK_INTERVAL": 10},
            # A supervisor that misses the exit of its task looks again after this many seconds (default: 5).
            "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1},
            "LOGGING": {
                "BASE_LOG_FOLDER": logs,
                "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": logs / "dag_processor",
                "COLORED_CONSOLE_LOG": False,
            },
        }
        return {
            f"AIRFLOW__{section}__{option}": str(value)
            for section, options in sections.items()
            for option, value in options.items()
        }


def _secret_configuration() -> str:
    """A configuration file with the secrets alone; every other setting comes from the environment."""
    return "\n".join(
        [
            "[core]",
            f"fernet_key = {fernet_key()}",
            "[api]",
            f"secret_key = {api_secret_key()}",
            "[api_auth]",
            f"jwt_secret = {jwt_secret()}",
            "",
        ]
    )
