"""What the forms remember between sessions."""

import json
from typing import Any

from qtpy.QtCore import QSettings


def remembered(method: str) -> dict[str, Any]:
    """Return the parameters last used with a method; empty when there are none."""
    try:
        found = json.loads(str(_store().value(f"parameters/{method}", "{}")))
    except ValueError:  # edited by hand
        return {}
    return found if isinstance(found, dict) else {}


def remember(method: str, values: dict[str, Any]) -> None:
    """Keep the parameters of a method for the next time."""
    _store().setValue(f"parameters/{method}", json.dumps(values))


def _store() -> QSettings:
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-morphogen"
    )
