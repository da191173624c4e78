"""What the forms remember between sessions."""

import json
from typing import Any, NamedTuple

from qtpy.QtCore import QSettings


def remembered(method: str) -> dict[str, Any]:
    """Return the parameters last used with a method; empty when there are none."""
    return _dict(f"parameters/{method}")


def remember(method: str, values: dict[str, Any]) -> None:
    """Keep the parameters of a method for the next time."""
    _store().setValue(f"parameters/{method}", json.dumps(values))


class Computing(NamedTuple):
    """Where images larger than memory are computed.

    Attributes
    ----------
    workers : int
        Processes on this machine; 0 is one.
    scheduler : str
        Address of a dask scheduler, or "".
    folder : str
        Where results are kept; "" is a temporary one.
    """

    workers: int = 0
    scheduler: str = ""
    folder: str = ""


def computing() -> Computing:
    """Return what was chosen in the dock "Large images"."""
    found = _dict("computing")
    try:
        kept = Computing(**found)
        return Computing(int(kept.workers), str(kept.scheduler), str(kept.folder))
    except (TypeError, ValueError):  # edited by hand
        return Computing()


def remember_computing(chosen: Computing) -> None:
    """Keep where images larger than memory are computed."""
    _store().setValue("computing", json.dumps(chosen._asdict()))


def _dict(key: str) -> dict[str, Any]:
    try:
        found = json.loads(str(_store().value(key, "{}")))
    except ValueError:  # edited by hand
        return {}
    return found if isinstance(found, dict) else {}


def _store() -> QSettings:
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-morphogen"
    )
