"""What is done to values before and after a network of somebody else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.description import BAD, Step, finite
from napari_morphogen.params import InputError

EPS = 1e-6  # of bioimage.io, where a step names none
Values = NDArray[Any]


def unknown(steps: Sequence[Step]) -> str:
    """Return the name of the first step that is not known here, "" if there is none.

    Parameters
    ----------
    steps : sequence of Step
        Of a package.
    """
    return next((step.name for step in steps if step.name not in STEPS), "")


def processed(
    values: NDArray[Any], axes: str, steps: Sequence[Step]
) -> NDArray[np.float32]:
    """Return what steps make of an image.

    Parameters
    ----------
    values : ndarray
        The whole image: what depends on all its values does.
    axes : str
        One letter per axis, such as "cyx".
    steps : sequence of Step
        In their order.

    Raises
    ------
    InputError
        When a step is not known or its settings are none.

    Notes
    -----
    The steps are those of the bioimage.io model format [1]_.

    References
    ----------
    .. [1] W. Ouyang et al., bioRxiv 2022.06.07.495102 (2022),
       DOI 10.1101/2022.06.07.495102

    Examples
    --------
    >>> step = Step("scale_linear", {"gain": 2, "offset": 1})
    >>> processed(np.ones((1, 1, 2)), "cyx", [step])
    array([[[3., 3.]]], dtype=float32)
    """
    found = np.asarray(values, np.float32)
    for step in steps:
        if step.name not in STEPS:
            raise InputError(
                f'The step "{step.name}" is not known here; choose yourself what is '
                "done to intensities."
            )
        try:
            found = np.asarray(STEPS[step.name](found, axes, step), np.float32)
        except BAD as error:
            raise InputError(
                f'The step "{step.name}" with {dict(step.words)!r:.200} does not fit '
                "this image; choose yourself what is done to intensities."
            ) from error
    return found


def _unchanged(values: Values, axes: str, step: Step) -> Any:
    return values


def _scale_linear(values: Values, axes: str, step: Step) -> Any:
    gain = _along(step.words.get("gain", 1.0), values, axes, step)
    return values * gain + _along(step.words.get("offset", 0.0), values, axes, step)


def _clip(values: Values, axes: str, step: Step) -> Any:
    ends = [step.words.get(name) for name in ("min", "max")]
    low, high = (None if end is None else finite(end) for end in ends)
    return values if low is high is None else np.clip(values, low, high)


def _standardised(values: Values, axes: str, step: Step) -> Any:
    over = _over(axes, step)
    mean = values.mean(over, keepdims=True, dtype=np.float64)
    deviation = values.std(over, keepdims=True, dtype=np.float64)
    return (values - mean) / (deviation + finite(step.words.get("eps", EPS)))


def _fixed(values: Values, axes: str, step: Step) -> Any:
    deviation = _along(step.words["std"], values, axes, step)
    return (values - _along(step.words["mean"], values, axes, step)) / deviation


def _range(values: Values, axes: str, step: Step) -> Any:
    words, over = step.words, _over(axes, step)
    shares = [
        finite(words.get("min_percentile", 0.0)),
        finite(words.get("max_percentile", 100.0)),
    ]
    low, high = np.percentile(values, shares, axis=over, keepdims=True)
    return (values - low) / (high - low + finite(words.get("eps", EPS)))


def _binarised(values: Values, axes: str, step: Step) -> Any:
    return values > _along(step.words["threshold"], values, axes, step)


def _sigmoid(values: Values, axes: str, step: Step) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-values))


def _softmax(values: Values, axes: str, step: Step) -> Any:
    axis = _axis(axes, step.words.get("axis", "channel"))
    powers = np.exp(values - values.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


STEPS: Mapping[str, Callable[[Values, str, Step], Any]] = {
    "ensure_dtype": _unchanged,
    "scale_linear": _scale_linear,
    "clip": _clip,
    "zero_mean_unit_variance": _standardised,
    "fixed_zero_mean_unit_variance": _fixed,
    "scale_range": _range,
    "binarize": _binarised,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}


def _over(axes: str, step: Step) -> tuple[int, ...] | None:
    """Return over which axes a step looks at all values together."""
    if not step.axes:
        return None
    return tuple(i for i, letter in enumerate(axes) if letter in step.axes)


def _axis(axes: str, name: Any) -> int:
    return axes.index({"channel": "c"}.get(str(name), str(name)))


def _along(setting: Any, values: Values, axes: str, step: Step) -> Any:
    """Return a number, or numbers along an axis, so that they fit the values."""
    if not isinstance(setting, Sequence) or isinstance(setting, str):
        return finite(setting)
    numbers = np.array([finite(number) for number in setting])
    at = _axis(axes, step.words.get("axis") or "channel")
    if len(numbers) not in (1, values.shape[at]):
        raise ValueError("as many numbers as channels")
    return numbers.reshape([-1 if i == at else 1 for i in range(values.ndim)])
