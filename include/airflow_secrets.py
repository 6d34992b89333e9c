"""The secrets of an installation: made at its first start, never changed, read from files.

`python -m include.airflow_secrets --secrets DIR --login DIR --owner UID --servers UID [--data DIR ...]` makes what is
missing: the keys that all components of Airflow share, the passwords of PostgreSQL and Redis, and that of the UI's
first user. Run as root, it also gives each file to the one who reads it, and the data folders to Airflow.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from include.local_airflow.files import write_once

USER = "admin"
GROUP = 0
"""Of every container of Airflow: what belongs to a server is read by Airflow as a member of this group."""


def fernet_key() -> str:
    """A key that Airflow encrypts connections and variables with."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def api_secret_key() -> str:
    """A key that the API server signs its sessions with."""
    return secrets.token_hex(32)


def jwt_secret() -> str:
    """A secret that tokens of users and tasks are signed with; Airflow wants 64 characters or more."""
    return secrets.token_hex(48)


def server_password() -> str:
    """A password of a server; in an address it needs no escaping."""
    return secrets.token_hex(24)


def login() -> str:
    """The file of passwords that SimpleAuthManager reads, with one user."""
    return json.dumps({USER: secrets.token_urlsafe(12)}) + "\n"


KEYS: Mapping[str, Callable[[], str]] = {
    "fernet-key": fernet_key,
    "api-secret-key": api_secret_key,
    "jwt-secret": jwt_secret,
}
PASSWORDS = ("postgres-password", "redis-password")


def make(secret: Path, login_file: Path, owner: int, servers: int) -> None:
    """Make the secrets that are missing. No key ends with a newline: Airflow would take it for a part of the key."""
    for name, generate in KEYS.items():
        write_once(secret / name, generate())
        _give(secret / name, owner, 0o440)
    for name in PASSWORDS:
        write_once(secret / name, server_password())
        _give(secret / name, servers, 0o440)
    # A password in a command would show in the list of processes.
    write_once(secret / "redis.conf", f"requirepass {(secret / 'redis-password').read_text(encoding='utf-8')}\n")
    _give(secret / "redis.conf", servers, 0o440)
    write_once(login_file, login())
    _give(login_file, owner, 0o600)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the folders and the secrets that are missing."""
    parser = argparse.ArgumentParser(prog="python -m include.airflow_secrets", description=__doc__)
    parser.add_argument("--secrets", type=Path, required=True, help="folder of keys and of the servers' passwords")
    parser.add_argument("--login", type=Path, required=True, help="folder of the UI's passwords")
    parser.add_argument("--owner", type=int, required=True, help="user that Airflow runs as")
    parser.add_argument("--servers", type=int, required=True, help="user that PostgreSQL and Redis run as")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders that Airflow writes to")
    given = parser.parse_args(arguments)
    for folder, mode in ((given.secrets, 0o755), (given.login, 0o700), *((data, 0o2775) for data in given.data)):
        folder.mkdir(parents=True, exist_ok=True)
        _give(folder, given.owner, mode)
    make(given.secrets, given.login / "passwords.json", given.owner, given.servers)


def _give(path: Path, owner: int, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner, GROUP)
    path.chmod(mode)


if __name__ == "__main__":
    main()
