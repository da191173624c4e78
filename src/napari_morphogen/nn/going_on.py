"""Whether a file holds the interrupted training that is to go on."""

from pathlib import Path
from typing import Any

from napari_morphogen.params import InputError


def check_same_training(
    path: str | Path, header: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """Refuse an interrupted training that cannot go on, and say why.

    Parameters
    ----------
    path : path
        The file it was read from.
    header : dict
        What the file says of itself.
    wanted : dict
        What it must say: its "kind", its "options" and the "config" of its network,
        each of plain JSON values.

    Raises
    ------
    InputError
        When the file holds no interrupted training, one that another version has
        written, or one with other options.

    Examples
    --------
    >>> wanted = {"kind": "unfinished", "options": {"seed": 1}, "config": {"width": 8}}
    >>> check_same_training("a.training", wanted, wanted)
    >>> other = {**wanted, "options": {"seed": 0}}
    >>> check_same_training("a.training", other, wanted)
    Traceback (most recent call last):
    napari_morphogen.params.InputError: a.training is no interrupted training like \
this one: its seed is 0, not 1; choose that again, or start anew.
    """
    if header.get("kind") != wanted["kind"]:
        raise InputError(
            f"{path} is no interrupted training of a generator; start anew."
        )
    for part in ("options", "config"):
        theirs, ours = header.get(part), wanted[part]
        if not isinstance(theirs, dict) or theirs.keys() != ours.keys():
            raise InputError(
                f"{path} is no interrupted training of this version of "
                f"napari-morphogen{_unknown(theirs, ours)}; go on with the version "
                "that wrote it, or start anew."
            )
        different = [name for name in ours if theirs[name] != ours[name]]
        if different:
            name = different[0]
            raise InputError(
                f"{path} is no interrupted training like this one: its {name} is "
                f"{theirs[name]}, not {ours[name]}; choose that again, or start anew."
            )


def _unknown(theirs: Any, ours: dict[str, Any]) -> str:
    """Return which options the file and this version do not share."""
    if not isinstance(theirs, dict):
        return ""
    lacking = [name for name in ours if name not in theirs]
    strange = [name for name in theirs if name not in ours]
    says = [f"it says nothing of {', '.join(lacking)}"] * bool(lacking)
    says += [f"its {', '.join(strange)} is not known here"] * bool(strange)
    return f": {' and '.join(says)}"
