"""The cluster of docker-compose.yaml as processes of this machine: what Docker would do with it, done without."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import psutil

from include.local_airflow.errors import LaunchFailed
from include.local_airflow.home import HOST
from include.local_airflow.processes import KILL_SECONDS, airflow_command
from include.local_airflow.ui import Components
from tests.cluster import servers
from tests.cluster.compose import Service, services
from tests.cluster.translation import Instance, Place
from tests.conftest import PROJECT
from tests.dags.deployment import OwnChildren, wait_for

START_SECONDS = 240
RESTARTS = 20
"""More restarts of one service than that, and something is wrong."""
LONGEST_PAUSE = 60.0
STEADY_SECONDS = 10.0
COPY = re.compile(r"^COPY .*?(?P<source>\S+) /opt/airflow/(?P<target>\S+)$", re.MULTILINE)


class Containers(Components):
    """Every process of the cluster. What ends is started again, when its service says so in the file."""

    def __init__(self, place: Place, found: Mapping[str, Service], workers: int, children: OwnChildren) -> None:
        logs = place.folder / "logs"
        logs.mkdir()
        super().__init__({}, logs, children)
        self.place = place
        self.services = found
        several = [Instance(f"worker-{n + 1}", "worker") for n in range(workers)]
        single = [Instance(name, name) for name in found if name not in ("worker", *place.listening)]
        self.instances = {instance.name: instance for instance in [*single, *several]}
        self.restarts = dict.fromkeys(self.instances, 0)
        self._begun: dict[str, float] = {}
        self._again: dict[str, float] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()

    def service(self, name: str) -> Service:
        """The service that an instance is of."""
        return self.services[self.instances[name].service if name in self.instances else name]

    def environment_of(self, name: str) -> dict[str, str]:
        """What the file says, translated; and of the machine what a container has of its image."""
        ours = ("AIRFLOW", "_AIRFLOW", "COMMENT_ANALYSIS_", "PYTHON")
        machine = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return {
            **machine,
            "PATH": servers.search_path(),
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
            "PYTHONSAFEPATH": "1",  # modules come from where the file says, not from the folder that tests run in
            **self.place.environment(self.service(name).environment),
            "HOSTNAME": name,
        }

    def command_of(self, name: str) -> list[str]:
        """The command of the file, translated, as the image's entry point runs it."""
        service = self.service(name)
        command = [*self.place.command(service.command), *self.instances[name].arguments]
        if not service.is_ours:
            return servers.start_command(service.name, self.place, command, self.environment_of(name))
        return command if "entrypoint" in service.content else airflow_command(*command)

    def up(self) -> None:
        """Start everything in the order of the file, each when what it depends on is ready."""
        threading.Thread(target=self._supervise, daemon=True).start()
        for name in self.instances:
            for needed, how in self.service(name).content.get("depends_on", {}).items():
                if how["condition"] == "service_healthy":
                    self.wait_until_healthy(needed)
            self.start(name)
            if not self.service(name).restarts:
                self._finish(name)
            if name == "secrets":
                self._open_listening()
        for name in tuple(self.running):
            self.wait_until_healthy(name)

    def start(self, name: str) -> None:
        """Start an instance."""
        with self._lock:
            self._again.pop(name, None)
            self.running[name] = self.children.start(self.command_of(name), self.environment_of(name), self.log(name))
            self._begun[name] = time.monotonic()

    def kill(self, name: str) -> None:
        """Kill an instance with all its processes, as the loss of its machine does: it stays away."""
        with self._lock:
            self._end(name)

    def crash(self, name: str) -> None:
        """Kill an instance with all its processes, as the kernel does: its restart policy brings it back."""
        with self._lock:
            self._end(name)
            self._plan_restart(name)

    def pids(self, name: str) -> set[int]:
        """The processes of an instance."""
        main = psutil.Process(self.running[name].pid)
        return {main.pid, *(child.pid for child in main.children(recursive=True))}

    def is_healthy(self, name: str) -> bool:
        """What the health check of the file says; true when there is none."""
        command = self.service(name).health
        if command is None:
            return name in self.running
        with suppress(subprocess.TimeoutExpired):
            environment = self.environment_of(name)
            done = subprocess.run(
                self.place.command(command), env=environment, capture_output=True, timeout=60, check=False
            )
            return done.returncode == 0
        return False

    def wait_until_healthy(self, name: str) -> None:
        """Wait for the health check of the file."""
        try:
            wait_for(lambda: self.is_healthy(name), f"{name} is healthy", START_SECONDS)
        except AssertionError as late:
            raise LaunchFailed(str(late), self.log(name)) from None

    def blame(self) -> LaunchFailed | None:
        """What to say of a service that does not stay up."""
        for name, times in self.restarts.items():
            if times > RESTARTS:
                return LaunchFailed(f"{name} was started again {times} times", self.log(name))
        return None

    def close(self) -> None:
        """End everything."""
        self._over.set()
        with self._lock:
            for name in reversed(list(self.running)):
                self._end(name)
        for server in self.place.listening.values():
            server.close()

    def _open_listening(self) -> None:
        for name, server in self.place.listening.items():
            server.open(self.place.airflow / "secrets" / f"{name}-password")

    def _finish(self, name: str) -> None:
        status = self.running[name].wait(START_SECONDS)
        with self._lock:
            self._end(name)
        if status:
            raise LaunchFailed(f"{name} ended with {status}", self.log(name))

    def _end(self, name: str) -> None:
        child = self.running.pop(name)
        members = []
        with suppress(psutil.Error):
            members = psutil.Process(child.pid).children(recursive=True)
        self.children.end(child)
        deadline = time.monotonic() + KILL_SECONDS
        while (left := list(filter(is_alive, members))) and time.monotonic() < deadline:
            for process in left:  # PostgreSQL's processes have sessions of their own
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.02)

    def _supervise(self) -> None:
        """Start again what has ended, as Docker's policy `unless-stopped` does."""
        while not self._over.wait(0.1):
            with self._lock:
                for name, child in list(self.running.items()):
                    if child.poll() is not None and self.service(name).restarts:
                        self._end(name)
                        self._plan_restart(name)
                for name, due in list(self._again.items()):
                    if time.monotonic() >= due and not self._over.is_set():
                        self.start(name)

    def _plan_restart(self, name: str) -> None:
        """Docker waits 0.1 s, and twice as long each time, until the container has run for ten seconds."""
        steady = time.monotonic() - self._begun[name] > STEADY_SECONDS
        self.restarts[name] = 1 if steady else self.restarts[name] + 1
        pause = min(LONGEST_PAUSE, 0.1 * 2 ** (self.restarts[name] - 1))
        self._again[name] = time.monotonic() + pause


def is_alive(process: psutil.Process) -> bool:
    """Whether a process does anything still."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def containers(variables: Mapping[str, str], workers: int = 2, extra: tuple[str, ...] = ()) -> Iterator[Containers]:
    """The cluster, with the variables that `.env` would hold; `extra` are folders of the project beside the image's.

    Raises MissingServers, or LaunchFailed. All processes end with the context.
    """
    servers.check()
    folder = Path(tempfile.mkdtemp(prefix="comment-analysis-cluster-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    try:
        place = Place.in_folder(folder)
        lay_out(place.airflow, extra)
        with OwnChildren() as children:
            started = Containers(place, services(variables), workers, children)
            try:
                started.up()
                yield started
            finally:
                started.close()
    finally:
        rmtree(folder, ignore_errors=True)


def lay_out(home: Path, extra: tuple[str, ...]) -> None:
    """The folder of Airflow as the Dockerfile makes it."""
    home.mkdir()
    for source, target in image_folders().items():
        (home / target).symlink_to(PROJECT / source)
    for name in extra:
        (home / name).symlink_to(PROJECT / name)


def image_folders() -> dict[str, str]:
    """The folders of the project that the Dockerfile copies."""
    return dict(COPY.findall((PROJECT / "Dockerfile").read_text(encoding="utf-8")))
