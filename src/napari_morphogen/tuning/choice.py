"""Choosing among candidates without scoring on what they were chosen by."""

import math

import numpy as np
from numpy.typing import NDArray

CLOSE = 0.01  # scores that differ by less are the same
TIE = 0.02  # few folds say little about errors: further apart is no tie


def left_out(
    scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the score of every fold, of what the other folds would choose.

    Parameters
    ----------
    scores : ndarray
        (candidate, fold).
    weights : ndarray
        Of the folds.

    Notes
    -----
    The greatest of many noisy scores is too good; here the choice never saw the
    fold that it is scored on [1]_. Candidates that are as good as the best on the
    other folds count alike: their mean depends less on chance.

    References
    ----------
    .. [1] S. Varma and R. Simon, BMC Bioinformatics 7, 91 (2006),
       DOI 10.1186/1471-2105-7-91

    Examples
    --------
    >>> left_out(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones(2)).tolist()
    [0.0, 0.0]
    """
    near = [means >= means.max() - CLOSE for means in _means_without(scores, weights)]
    return np.array([scores[kept, fold].mean() for fold, kept in enumerate(near)])


def chosen_without(
    scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> list[int]:
    """Return for every fold which candidate the others would choose.

    Parameters
    ----------
    scores : ndarray
        (candidate, fold); where candidates are equal the first is chosen.
    weights : ndarray
        Of the folds.
    """
    return [first_best(means) for means in _means_without(scores, weights)]


def _means_without(
    scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return for every fold the mean of every candidate over the others."""
    count = scores.shape[1]
    if count == 1:
        return [scores[:, 0]]
    kept = [np.arange(count) != fold for fold in range(count)]
    return [np.average(scores[:, k], axis=1, weights=weights[k]) for k in kept]


def first_best(means: NDArray[np.float64]) -> int:
    """Return the first of those that are as good as the best.

    Parameters
    ----------
    means : ndarray
        One per candidate.
    """
    return int(np.flatnonzero(means >= means.max() - CLOSE)[0])


def standard_error(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the standard error of the weighted mean; NaN of a single score.

    Parameters
    ----------
    scores, weights : ndarray
        One per fold.

    Examples
    --------
    >>> standard_error(np.array([0.0, 1.0]), np.ones(2))
    0.5
    """
    if scores.size < 2:
        return math.nan
    share = weights / weights.sum()
    apart = scores - float(np.dot(share, scores))
    count = scores.size
    return float(np.sqrt(count / (count - 1) * np.sum((share * apart) ** 2)))


def tied(
    best: NDArray[np.float64], other: NDArray[np.float64], weights: NDArray[np.float64]
) -> bool:
    """Tell whether the mean difference is within its standard error.

    Parameters
    ----------
    best, other : ndarray
        Scores of every fold.
    weights : ndarray
        Of the folds.
    """
    apart = best - other
    mean = float(np.average(apart, weights=weights))
    if mean <= CLOSE:
        return True
    error = standard_error(apart, weights)
    return mean <= min(error, TIE) if error == error else False
