"""`python -m tests.cluster`: the cluster of docker-compose.yaml as processes of this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from include.airflow_secrets import USER
from include.analysis.files import read_json
from include.local_airflow.errors import LaunchFailed
from include.local_airflow.home import HOST
from include.local_airflow.processes import Interrupted, interrupt_by_signals
from tests.cluster.native import containers
from tests.cluster.servers import MissingServers


def main() -> int:
    """Run the cluster; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many (default: 2)")
    parser.add_argument("--env", type=Path, default=Path(".env"), help="file of settings (default: .env)")
    given = parser.parse_args()
    interrupt_by_signals()
    print("Starting the cluster ...", flush=True)
    try:
        with containers(settings(given.env), given.workers) as cluster:
            place = cluster.place
            password = read_json(place.airflow / "login" / "passwords.json")[USER]
            print(f"Airflow is at http://{HOST}:{place.api}  user: {USER}  password: {password}")
            print(f"Folders: {place.airflow}/inbox and runs, which go with Ctrl-C. Logs: {cluster.logs}", flush=True)
            while not (failure := cluster.blame()):
                time.sleep(0.5)
            raise failure
    except Interrupted as interruption:
        return interruption.status
    except (MissingServers, LaunchFailed) as error:
        print(f"error: {error.explanation() if isinstance(error, LaunchFailed) else error}", file=sys.stderr)
    return 1


def settings(file: Path) -> dict[str, str]:
    """The variables of a file like .env, without quotes."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


if __name__ == "__main__":
    sys.exit(main())
