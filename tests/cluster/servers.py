"""What the images of PostgreSQL and Redis do, with the system's own packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from include.local_airflow.home import HOST
from tests.cluster.translation import Place

LIFELINE = Path(__file__).with_name("lifeline.py")
POSTGRES_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
PATHS = [str(path) for path in reversed(POSTGRES_PROGRAMS)]
NEEDED = {"initdb": "postgresql", "postgres": "postgresql", "pg_isready": "postgresql", "redis-server": "redis-server",
          "redis-cli": "redis-tools", "curl": "curl"}  # fmt: skip


class MissingServers(Exception):
    """Programs that the cluster needs are not on this machine."""


def search_path() -> str:
    """Where programs are looked for: this Python's, the system's PostgreSQL, and the usual places."""
    return os.pathsep.join([str(Path(sys.executable).parent), *PATHS, os.environ["PATH"]])


def check() -> None:
    """Raise MissingServers when programs are missing."""
    packages = {package for name, package in NEEDED.items() if not shutil.which(name, path=search_path())}
    if packages:
        raise MissingServers(f"the cluster needs {', '.join(sorted(packages))}: apt-get install them")


def start_command(service: str, place: Place, command: list[str], environment: Mapping[str, str]) -> list[str]:
    """The command that runs a server as its image does, on its port of the loopback alone."""
    if service == "redis":
        place.broker.mkdir(exist_ok=True)
        return [*under_lifeline(), *command, "--bind", HOST, "--port", str(place.redis)]
    prepare_postgres(place, environment)
    listen = ["-c", f"listen_addresses={HOST}", "-p", str(place.postgres), "-k", str(place.database)]
    return [*under_lifeline(postgres_user()), *command, "-D", environment["PGDATA"], *listen]


def under_lifeline(user: str | None = None) -> list[str]:
    return [sys.executable, str(LIFELINE), *(["--user", user] if user else []), "--"]


def postgres_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def prepare_postgres(place: Place, environment: Mapping[str, str]) -> None:
    """Make the database, its user and their password, once."""
    data = place.database
    if (data / "PG_VERSION").exists():
        return
    user = postgres_user()
    password = place.folder / "initial-password"
    password.write_text(Path(environment["POSTGRES_PASSWORD_FILE"]).read_text(encoding="utf-8"), encoding="utf-8")
    password.chmod(0o600)
    data.mkdir(mode=0o700)
    if user:
        for path in (data, password):
            shutil.chown(path, user, user)
    owner = ["--username", environment["POSTGRES_USER"], "--pwfile", str(password)]
    database = f"CREATE DATABASE {environment['POSTGRES_DB']};\n"
    as_user(["initdb", "-D", str(data), *owner, "--auth-local=trust", "--auth-host=scram-sha-256"], user)
    as_user(["postgres", "--single", "-D", str(data), "postgres"], user, database)
    password.unlink()


def as_user(command: list[str], user: str | None, text: str = "") -> None:
    other = {"user": user, "group": user, "extra_groups": []} if user else {}
    program = shutil.which(command[0], path=search_path())
    subprocess.run([program, *command[1:]], check=True, input=text, text=True, capture_output=True, cwd="/", **other)
