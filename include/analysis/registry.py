"""The analyses by name: the three of this package and the custom ones that the settings name."""

from __future__ import annotations

from importlib import import_module

from include.analysis.analysis import Analysis
from include.analysis.errors import SettingError
from include.analysis.settings import Settings, load_settings


def load_analysis(name: str, settings: Settings | None = None) -> Analysis:
    """Make the analysis of that name.

    Raises SettingError when there is none, or when its class cannot be imported.
    """
    settings = settings or load_settings()
    try:
        module_name, class_name = settings.analyses[name].split(":")
    except KeyError:
        raise SettingError(f"there is no analysis {name!r}; there are: {', '.join(settings.analyses)}") from None
    try:
        made = getattr(import_module(module_name), class_name).from_settings(settings)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"analysis {name!r} cannot be loaded from {module_name}:{class_name}: {error}") from error
    if not isinstance(made, Analysis) or made.name != name:
        raise SettingError(f"{module_name}:{class_name} must be a subclass of Analysis with name = {name!r}")
    return made
