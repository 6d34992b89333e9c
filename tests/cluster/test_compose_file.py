"""docker-compose.yaml by itself: valid, without a secret, and the same as what the tests start from it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from include import airflow_secrets
from include.local_airflow.home import Home
from tests.cluster import compose
from tests.cluster.native import image_folders
from tests.cluster.translation import Instance, Place
from tests.conftest import PROJECT

SCHEMA = Path(__file__).with_name("data") / "compose-spec.json"
CONTENT: dict[str, Any] = yaml.safe_load(compose.FILE.read_text(encoding="utf-8"))
SERVICES = compose.services()
ONCE = {"secrets", "migrate"}
# The same here as in `make run` and `make ui`, for the same reasons.
SHARED = (
    "AIRFLOW__CORE__LOAD_EXAMPLES", "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL", "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG",
)  # fmt: skip
# What the translation may touch: folders, addresses and ports.
MOVED = {
    "AIRFLOW_HOME", "PYTHONPATH", "COMMENT_ANALYSIS_INBOX", "COMMENT_ANALYSIS_OUTPUT", "PGDATA",
    "POSTGRES_PASSWORD_FILE", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", "AIRFLOW__API__HOST", "AIRFLOW__API__PORT",
    "AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__FERNET_KEY_CMD", "AIRFLOW__API__SECRET_KEY_CMD",
    "AIRFLOW__API_AUTH__JWT_SECRET_CMD", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
    "AIRFLOW__CELERY__BROKER_URL_CMD",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 1001, 1002, 1003, 1004)


def test_it_is_valid() -> None:
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(CONTENT)


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="needs Compose itself as docker-compose")
def test_compose_itself_reads_it_as_the_tests_do(tmp_path: Path) -> None:
    arguments = ["--file", str(compose.FILE), "--project-directory", str(tmp_path), "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(["docker-compose", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.replace("$$", "$"))["services"]
    assert set(read) == set(SERVICES)
    for name, service in SERVICES.items():
        assert [*(read[name]["entrypoint"] or []), *read[name]["command"]] == service.command
        assert read[name].get("environment", {}) == service.environment
        assert read[name]["restart"] == service.content["restart"]
        check = read[name].get("healthcheck", {}).get("test")
        assert check == service.content.get("healthcheck", {}).get("test")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_bounded_and_no_root(name: str) -> None:
    content = SERVICES[name].content
    assert content["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert set(content["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert ("healthcheck" in content) == (name not in ONCE)
    assert content["cap_drop"] == ["ALL"]
    assert content["security_opt"] == ["no-new-privileges:true"]
    if name != "secrets":
        user, group = content["user"].split(":")
        assert user != "0"
        assert "cap_add" not in content
        assert group == ("0" if SERVICES[name].is_ours else user)


def test_there_may_be_any_number_of_workers() -> None:
    assert "container_name" not in compose.FILE.read_text(encoding="utf-8")
    assert [name for name, service in SERVICES.items() if "ports" in service.content] == ["api-server"]
    assert SERVICES["api-server"].content["ports"] == ["127.0.0.1:8080:8080"]


def test_no_secret_is_in_it() -> None:
    for service in SERVICES.values():
        for variable, value in service.environment.items():
            if re.search("PASSWORD|SECRET|_KEY|ALCHEMY_CONN|BROKER_URL|RESULT_BACKEND", variable):
                assert re.search("_(CMD|FILE|OPTIONS)$", variable), f"{service.name}: {variable}={value}"
    # What stands between a colon and an @ in an address is a password, or where sed puts it.
    addresses = re.findall(r"://(\S*?)@", compose.FILE.read_text(encoding="utf-8"))
    assert {address.partition(":")[2] for address in addresses} == {"&"}


def test_secrets_are_made_once_and_only_for_who_reads_them(tmp_path: Path) -> None:
    place = Place(tmp_path, 1, 2, 3, 4)
    words = place.command(SERVICES["secrets"].command)
    assert words[:3] == ["python", "-m", "include.airflow_secrets"]
    airflow_secrets.main(words[3:])
    made = {path: path.read_text() for path in place.airflow.rglob("*") if path.is_file()}
    assert {path.name for path in made} == {
        "fernet-key", "api-secret-key", "jwt-secret", "postgres-password", "redis-password", "redis.conf",
        "passwords.json",
    }  # fmt: skip
    assert len(made[place.airflow / "secrets/jwt-secret"]) >= 64
    assert len(set(made.values())) == len(made)
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o007 for path in made)
    assert not any(text.endswith("\n") for path, text in made.items() if path.suffix == "")
    airflow_secrets.main(words[3:])
    assert {path: path.read_text() for path in made} == made


def test_what_reads_a_secret_mounts_it_and_only_the_api_server_has_the_logins() -> None:
    for name, service in SERVICES.items():
        mounts = [mount.split(":") for mount in service.content["volumes"]]
        assert "/opt/airflow/secrets" in [mount[1] for mount in mounts]
        assert name in ("secrets", "api-server") or "login" not in [mount[0] for mount in mounts]
        if name != "secrets":
            assert ["secrets", "/opt/airflow/secrets", "ro"] in mounts
    used = set(re.findall(r"/opt/airflow/secrets/([\w.-]+)", compose.FILE.read_text(encoding="utf-8")))
    assert used == {*airflow_secrets.KEYS, *airflow_secrets.PASSWORDS, "redis.conf"}


def test_it_has_the_settings_of_one_machine_where_they_are_the_same(tmp_path: Path) -> None:
    here = Home(tmp_path).environment(tmp_path / "a.db", tmp_path, 1, 1)
    there = SERVICES["scheduler"].environment
    assert {name: there[name] for name in SHARED} == {name: here[name] for name in SHARED}


def test_the_values_for_kubernetes_have_its_settings() -> None:
    values = yaml.safe_load((PROJECT / "docs/kubernetes-values.yaml").read_text(encoding="utf-8"))
    config = {
        f"AIRFLOW__{section}__{option}".upper(): value
        for section, options in values["config"].items()
        for option, value in options.items()
    }
    there = SERVICES["scheduler"].environment
    assert config.keys() - there.keys() == {
        "AIRFLOW__CORE__AUTH_MANAGER", "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE",
    }  # fmt: skip
    assert config.items() - there.items() == {item for item in config.items() if item[0] not in there}
    assert values["airflowVersion"] == required_airflow()


def test_components_have_the_same_environment() -> None:
    ours = [service.environment for service in SERVICES.values() if service.is_ours]
    assert ours[0]
    assert all({**one, "DUMB_INIT_SETSID": "0"} == {**ours[0], "DUMB_INIT_SETSID": "0"} for one in ours)


def test_the_processes_of_the_tests_differ_in_places_alone(place: Place) -> None:
    assert [text for text in place.texts if not re.fullmatch(r"(/[a-z]+)+|(//)?[a-z0-9.-]+:\d+", text)] == []
    moved = set()
    for service in SERVICES.values():
        translated = place.environment(service.environment)
        assert set(translated) == set(service.environment)
        moved |= {name for name, value in service.environment.items() if translated[name] != value}
    assert moved == MOVED
    changed = {name for name, service in SERVICES.items() if place.command(service.command) != service.command}
    assert changed == {"secrets", "redis"}


def test_the_table_has_nothing_that_the_file_has_not(place: Place) -> None:
    resolved = json.dumps(compose.resolve(CONTENT, {}))
    assert [text for text in place.texts if text not in resolved] == []
    assert [name for name in place.variables if name not in resolved] == []
    assert [word for word in place.arguments if f'"{word}"' not in resolved] == []
    assert {name for name in SERVICES if Instance(name, name).arguments} == {"worker", "triggerer"}


def test_the_image_holds_what_the_processes_find() -> None:
    folders = image_folders()
    assert folders == {name: name for name in ("config", "dags", "include", "plugins")}
    kept = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in kept if line.startswith("!")} == {*folders, "requirements-cluster.lock"}


def test_the_image_has_the_version_that_is_required() -> None:
    image = re.search(r"^FROM apache/airflow:slim-(\S+)-python", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert image and image[1] == required_airflow()


def required_airflow() -> str:
    found = re.search(r"^apache-airflow==(\S+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_the_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", (PROJECT / name).read_text(), re.MULTILINE))

    cluster = pins("requirements-cluster.lock")
    assert pins("requirements.lock").items() <= cluster.items()
    development = pins("requirements-dev.lock")
    assert {name: cluster[name] for name in cluster.keys() & development.keys()} == {
        name: development[name] for name in cluster.keys() & development.keys()
    }


def test_the_example_of_settings_names_those_that_there_are() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#(\w+)=", example, re.MULTILINE))
    own = {name for name in named if not name.startswith(("AIRFLOW__", "COMMENT_ANALYSIS_"))}
    read = {found["name"] for found in compose.VARIABLE.finditer(compose.FILE.read_text()) if found["name"]}
    assert own == read - {"IMAGE"}
    assert not re.search(r"^\w", example, re.MULTILINE), "nothing is set by copying it"
    assert not any(name in SERVICES["worker"].environment for name in named), "the file would win"
