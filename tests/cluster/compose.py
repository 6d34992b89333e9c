"""Reads docker-compose.yaml as `docker compose` does: anchors, merges, variables with defaults, the .env file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT

FILE = PROJECT / "docker-compose.yaml"
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")
ONE_SHOT = "no"


@dataclass(frozen=True)
class Service:
    """One service of the file, resolved."""

    name: str
    content: Mapping[str, Any]
    env_file: Mapping[str, str]

    @property
    def is_ours(self) -> bool:
        """Whether it runs the project's image, and not that of a server."""
        return "build" in self.content

    @property
    def command(self) -> list[str]:
        """What the container runs, its entry point included when the file names one."""
        return [*words(self.content.get("entrypoint", [])), *words(self.content["command"])]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the container; those of the file win over those of `.env`."""
        own = {name: str(value) for name, value in (self.content.get("environment") or {}).items()}
        return {**(self.env_file if "env_file" in self.content else {}), **own}

    @property
    def health(self) -> list[str] | None:
        """The command that tells whether it is well."""
        test = self.content.get("healthcheck", {}).get("test")
        if test is None:
            return None
        kind, *rest = test
        return ["sh", "-c", *rest] if kind == "CMD-SHELL" else rest

    @property
    def restarts(self) -> bool:
        """Whether Docker starts it again when it ends."""
        return bool(self.content["restart"] != ONE_SHOT)


def services(variables: Mapping[str, str] | None = None, file: Path = FILE) -> dict[str, Service]:
    """The services, with the values that `.env` would give to variables."""
    variables = variables or {}
    content = resolve(yaml.safe_load(file.read_text(encoding="utf-8")), variables)
    return {name: Service(name, service, variables) for name, service in content["services"].items()}


def resolve(value: Any, variables: Mapping[str, str]) -> Any:
    """Put the values of variables into every text of a tree."""
    if isinstance(value, dict):
        return {key: resolve(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        return "$" if found["dollar"] else variables.get(found["name"]) or found["default"] or ""

    return VARIABLE.sub(put, value)


def words(command: str | list[str]) -> list[str]:
    """A command as a list."""
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
