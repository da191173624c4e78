"""Where networks compute, and in which precision and layout they do so best."""

import torch

from napari_morphogen.params import InputError

MPS_VOLUMES = (2, 9)  # the torch that first pooled volumes on Apple's devices


def device(name: str, ndim: int = 2) -> str:
    """Return the name of the device that is used.

    Parameters
    ----------
    name : str
        "auto" takes a graphics card where there is one.
    ndim : int
        2 for planes, 3 for volumes.

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
        "mps": torch.backends.mps.is_available()
        and (ndim == 2 or _version() >= MPS_VOLUMES),
        "cpu": True,
    }
    if name == "auto":
        return next(found for found, usable in there.items() if usable)
    if not there.get(name, False):
        usable = ", ".join(found for found, here in there.items() if here)
        raise InputError(f'There is no device "{name}" here; choose auto, {usable}.')
    return name


def mixed_precision(device: str) -> bool:
    """Return whether training computes in bfloat16 where that is enough.

    Parameters
    ----------
    device : str
        "cpu", "cuda" or "mps".

    Notes
    -----
    bfloat16 has the range of float32, so gradients need no scaling. Where a device
    only imitates it, float32 is faster.

    Examples
    --------
    >>> mixed_precision("cpu")
    False
    """
    return device == "cuda" and bool(
        torch.cuda.is_bf16_supported(including_emulation=False)
    )


def layout(device: str) -> torch.memory_format:
    """Return how planes lie in memory where they are computed fastest.

    Parameters
    ----------
    device : str
        "cpu", "cuda" or "mps".

    Notes
    -----
    On Apple's devices the gradient of batch normalisation is wrong when channels
    come last (PyTorch issue 175189).

    Examples
    --------
    >>> layout("cpu"), layout("mps")
    (torch.channels_last, torch.contiguous_format)
    """
    return torch.contiguous_format if device == "mps" else torch.channels_last


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in torch.__version__.split(".")[:2])
