"""Where networks compute."""

import torch

from napari_morphogen.params import InputError


def device(name: str) -> str:
    """Return the name of the device that is used.

    Parameters
    ----------
    name : str
        "auto" takes a graphics card where there is one.

    Raises
    ------
    InputError
        When there is no such device here.

    Examples
    --------
    >>> device("cpu")
    'cpu'
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(found for found, usable in there.items() if usable)
    if not there.get(name, False):
        usable = ", ".join(found for found, here in there.items() if here)
        raise InputError(f'There is no device "{name}" here; choose auto, {usable}.')
    return name
