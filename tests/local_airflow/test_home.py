"""The home keeps to itself: its secrets, and what its processes inherit."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from include.local_airflow.home import PROJECT, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def environment(home: Home) -> dict[str, str]:
    return home.environment(home.path / "a.db", home.logs, port=18080, parallelism=3)


def test_airflow_settings_of_the_calling_shell_do_not_leak(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM_CMD", "echo 99")
    monkeypatch.setenv("AIRFLOW_CONN_SECRET", "mysql://production")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    found = environment(home)
    assert found["AIRFLOW__CORE__EXECUTOR"].endswith("LocalExecutor")
    assert found["AIRFLOW_HOME"] == str(home.path)
    assert "AIRFLOW__CORE__PARALLELISM_CMD" not in found
    assert "AIRFLOW_CONN_SECRET" not in found


def test_the_three_addresses_agree(home: Home) -> None:
    found = environment(home)
    assert found["AIRFLOW__API__PORT"] == "18080"
    assert found["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18080"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18080/execution/"


def test_the_token_of_a_task_that_waits_long_is_still_good(home: Home) -> None:
    lifetime = environment(home)["AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME"]
    assert int(lifetime) >= 7 * 24 * 3600


def test_a_proxy_does_not_stand_before_the_api_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet")
    assert environment(home)["no_proxy"] == environment(home)["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_the_project_comes_first_and_the_users_modules_stay_importable(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")
    assert environment(home)["PYTHONPATH"].split(":") == [str(PROJECT), str(PROJECT / "config"), "/mine"]


def test_secrets_are_private_long_and_made_once(home: Home) -> None:
    before = home.configuration.read_text(), home.password
    home.prepare()
    assert (home.configuration.read_text(), home.password) == before
    for path in (home.configuration, home.passwords):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = next(line for line in before[0].splitlines() if line.startswith("jwt_secret")).split(" = ")[1]
    assert len(secret) >= 64
    assert json.loads(home.passwords.read_text()) == {"admin": home.password}


def test_two_homes_have_different_secrets(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.prepare()
    assert other.configuration.read_text() != home.configuration.read_text()
    assert other.password != home.password


def test_the_home_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMMENT_ANALYSIS_AIRFLOW_HOME", raising=False)
    assert Home.of_project().path == PROJECT / ".airflow"
    monkeypatch.setenv("COMMENT_ANALYSIS_AIRFLOW_HOME", "/somewhere/else")
    assert Home.of_project().path == Path("/somewhere/else")
