"""What tells classes of pixels apart: normal distributions and random forests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import fast
from napari_morphogen.segment.training import Examples, Stack

RIDGE = 0.3  # added to variances of 1, so that few pixels tell directions apart
FLAT = 1e-3  # of a feature's size: painted pixels that differ less are alike
OWN = 0.5  # share of a class's own covariance

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Normals:
    """One normal distribution per class; calling it gives probabilities.

    The logarithm of a density at z, standardised features, is weights · z + offset
    less, where covariances are not shared, half the square of root z.

    Attributes
    ----------
    middle, shares : ndarray of shape (features, 1)
        Mean of the features and one over their standard deviation.
    weights : ndarray of shape (classes, features)
    offsets : ndarray of shape (classes, 1)
        -infinity for a class without pixels.
    roots : ndarray of shape (classes or 0, features, features)
    """

    middle: Values
    shares: Values
    weights: Values
    offsets: Values
    roots: Values

    @classmethod
    def of(cls, examples: Examples, distance: str, covariance: str) -> "Normals":
        """Return the distributions of painted pixels; see `nearest_class`."""
        values, classes = examples.values.T.astype(np.float64), examples.classes
        if not classes.size:  # all painted pixels are broken
            values, classes = np.zeros((1, values.shape[1])), np.array([-1])
        middle, widths = values.mean(axis=0), values.std(axis=0)
        widths = np.maximum(widths, FLAT * np.abs(values).max(axis=0))
        widths[widths == 0] = 1
        scaled = (values - middle) / widths
        groups = [scaled[classes == k] for k in range(examples.number)]
        precisions = _precisions(groups, distance, covariance)
        means = np.stack([g.mean(axis=0) if len(g) else 0 * middle for g in groups])
        weights = (precisions @ means[..., np.newaxis])[..., 0]
        offsets = np.linalg.slogdet(precisions)[1] - (means * weights).sum(axis=1)
        there = np.array([len(g) > 0 for g in groups])
        offsets[~there & there.any()] = -np.inf
        own = distance == "mahalanobis" and covariance == "own"
        roots = np.linalg.cholesky(precisions if own else precisions[:0])
        column = (middle[:, np.newaxis], 1 / widths[:, np.newaxis])
        return cls(*column, weights, offsets[:, np.newaxis] / 2, _flipped(roots))

    def __call__(self, values: Stack) -> Values:
        """Return probabilities (classes, pixels) of features (features, pixels)."""
        scaled = values.astype(np.float64)
        scaled -= self.middle  # in place: fresh memory takes longer than the sums
        scaled *= self.shares
        logs = self.weights @ scaled + self.offsets
        for log, root in zip(logs, self.roots, strict=False):
            away = root @ scaled
            log -= np.einsum("fp,fp->p", away, away) / 2
        chances = np.exp(logs - logs.max(axis=0))
        return np.asarray(chances / chances.sum(axis=0))


def _flipped(matrices: NDArray[Any]) -> Values:
    return np.asarray(matrices.transpose(0, 2, 1))


def _precisions(groups: list[Values], distance: str, covariance: str) -> Values:
    """Return one inverse covariance per class of standardised features."""
    size = groups[0].shape[1]
    same = np.broadcast_to(np.eye(size), (len(groups), size, size))
    present = [g for g in groups if len(g)]
    if distance == "euclidean" or not present:
        return np.array(same)
    shared = np.mean([np.cov(g.T, bias=True) for g in present], axis=0)
    own = OWN if covariance == "own" else 0.0
    spreads = [own * np.cov(g.T, bias=True) if len(g) else 0 * shared for g in groups]
    return np.linalg.inv(np.stack(spreads) + (1 - own) * shared + RIDGE * same)


@dataclass(frozen=True)
class Forest:
    """A random forest; calling it gives probabilities.

    Attributes
    ----------
    trees : Trees or None
        None where fewer than two classes have a pixel that is not broken.
    present : ndarray of int
        Those classes.
    number : int
        Of all classes.
    """

    trees: fast.Trees | None
    present: NDArray[np.intp]
    number: int

    @classmethod
    def of(cls, examples: Examples, n_trees: int, depth: int, seed: int) -> "Forest":
        """Grow the trees on painted pixels; see `random_forest`."""
        from sklearn.ensemble import RandomForestClassifier

        present = np.unique(examples.classes)
        if len(present) < 2:
            return cls(None, present, examples.number)
        model = RandomForestClassifier(
            n_trees,
            max_depth=depth,
            class_weight="balanced_subsample",
            random_state=seed,
            n_jobs=-1,  # threads; the same trees however many
        )
        model.fit(np.ascontiguousarray(examples.values.T), examples.classes)
        return cls(fast.Trees.of(model), present, examples.number)

    def __call__(self, values: Stack) -> Values:
        """Return probabilities (classes, pixels) of features (features, pixels)."""
        if self.trees is None:
            certain = np.zeros((self.number, values.shape[1]))
            certain[self.present if len(self.present) else slice(None)] = 1
            return np.asarray(certain / certain.sum(axis=0))
        chances = np.zeros((self.number, values.shape[1]))
        chances[self.present] = self.trees.predict(values)
        return chances
