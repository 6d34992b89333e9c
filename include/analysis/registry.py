"""The analyses by name: the three of this package and the custom ones that the settings name."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

from include.analysis.analysis import Analysis
from include.analysis.errors import SettingError
from include.analysis.settings import Settings, load_settings


def load_analysis(name: str, settings: Settings | None = None) -> Analysis:
    """Make the analysis of that name, anew: its data files are read as they are now.

    Raises SettingError when there is none, or when its class cannot be imported.
    """
    settings = settings or load_settings()
    return analysis_class(name, settings).from_settings(settings)


@lru_cache
def loaded_analysis(name: str, settings: Settings) -> Analysis:
    """The analysis of that name, made once in a process that works for one run.

    To read and compile a lexicon takes longer than to analyse a small batch.
    """
    return load_analysis(name, settings)


def analysis_class(name: str, settings: Settings | None = None) -> type[Analysis]:
    """The class of the analysis of that name, not made yet; raises SettingError as `load_analysis` does."""
    settings = settings or load_settings()
    try:
        module_name, class_name = settings.analyses[name].split(":")
    except KeyError:
        raise SettingError(f"there is no analysis {name!r}; there are: {', '.join(settings.analyses)}") from None
    try:
        found: Any = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"analysis {name!r} cannot be loaded from {module_name}:{class_name}: {error}") from error
    if not isinstance(found, type) or not issubclass(found, Analysis) or found.name != name:
        raise SettingError(f"{module_name}:{class_name} must be a subclass of Analysis with name = {name!r}")
    return found
