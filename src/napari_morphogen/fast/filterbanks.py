"""What classes learned from examples call: local shape at one scale, trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.calls import DIMENSIONS, STRIP, ready
from napari_morphogen.fast.modules import module
from napari_morphogen.fast.threads import spread

MATRICES = 8192  # of one task
PIXELS = 1024  # that go down a tree together, their features in the second cache


def local_shape(
    image: NDArray[Any],
    spacing: Sequence[float],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32] | None:
    """Return the gradient's length and the eigenvalues of the Hessian.

    Parameters
    ----------
    image : ndarray of float32, shape ([P,] M, N)
        Finite values.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.
    out : ndarray of float32, in C order, optional
        Where to put the numbers.

    Returns
    -------
    numbers : ndarray of shape (1 + dimensions, [P,] M, N) or None
        The length, then the eigenvalues, the largest first; None where the plain
        way is needed.
    """
    usual = image.dtype == np.float32 and image.dtype.isnative and image.size
    kernels = module("filterbank") if usual and image.ndim in DIMENSIONS else None
    if kernels is None:
        return None
    volume = ready(image).reshape((1,) * (3 - image.ndim) + image.shape)
    sizes = (1.0,) * (3 - image.ndim) + (tuple(spacing) or (1.0,) * image.ndim)
    inverses = 1.0 / np.array(sizes, np.float64)
    if out is None:
        out = np.empty((1 + image.ndim, *image.shape), np.float32)
    numbers = out.reshape(1 + image.ndim, *volume.shape)
    strips = -(-volume.shape[1] // STRIP)

    def measure(task: int) -> None:
        z, strip = divmod(task, strips)
        end = min((strip + 1) * STRIP, volume.shape[1])
        kernels.shape_of_rows(volume, inverses, numbers, z, strip * STRIP, end)

    spread(measure, range(len(volume) * strips))
    return out


def eigenvalues(elements: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the eigenvalues of one symmetric matrix per pixel.

    Parameters
    ----------
    elements : ndarray of float32, shape (3, …) or (6, …)
        Upper triangles of 2 x 2 or 3 x 3 matrices, row by row.

    Returns
    -------
    values : ndarray of shape (2, …) or (3, …), or None
        The largest first; None where the plain way is needed.
    """
    kernels = module("filterbank") if elements.dtype == np.float32 else None
    if kernels is None or elements.size == 0:
        return None
    number = {3: 2, 6: 3}[len(elements)]
    flat = ready(elements).reshape(len(elements), -1)
    out = np.empty((number, flat.shape[1]), np.float32)

    def solve(begin: int) -> None:
        end = min(begin + MATRICES, flat.shape[1])
        kernels.values_of_matrices(flat, out, begin, end)

    spread(solve, range(0, flat.shape[1], MATRICES))
    return out.reshape(number, *elements.shape[1:])


@dataclass(frozen=True)
class Trees:
    """A random forest as the kernel has it, every tree a row."""

    features: NDArray[np.uint32]
    limits: NDArray[np.float64]
    children: NDArray[np.uint32]
    chances: NDArray[np.float64]
    depth: NDArray[np.int32]

    @classmethod
    def of(cls, forest: Any) -> "Trees":
        """Return the trees of a fitted ``sklearn.ensemble.RandomForestClassifier``."""
        trees = [estimator.tree_ for estimator in forest.estimators_]
        shape = len(trees), max(tree.node_count for tree in trees)
        features, children = np.zeros((2, *shape), np.uint32)
        limits = np.full(shape, np.inf)
        chances = np.zeros((*shape, forest.n_classes_))
        for row, tree in enumerate(trees):
            order = _siblings_together(tree)
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            inner = tree.children_left[order] >= 0
            here = slice(len(order))
            features[row, here] = np.where(inner, tree.feature[order], 0)
            limits[row, here] = np.where(inner, tree.threshold[order], np.inf)
            first = place[tree.children_left[order]]
            children[row, here] = np.where(inner, first, np.arange(len(order)))
            chances[row, here] = tree.value[order, 0]
        depth = np.array([tree.max_depth for tree in trees], np.int32)
        return cls(features, limits, children, chances, depth)

    def predict(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what ``predict_proba`` returns.

        Parameters
        ----------
        values : ndarray of float32, shape (features, pixels)
            Finite values.

        Returns
        -------
        chances : ndarray of shape (classes, pixels)
            The same numbers.
        """
        kernels = module("filterbank")
        if kernels is None:
            return self._plain(values)
        out = np.zeros((values.shape[1], self.chances.shape[2]))
        rest = (self.features, self.limits, self.children, self.chances, self.depth)
        for begin in range(0, len(out), PIXELS):
            part = ready(values[:, begin : begin + PIXELS])
            kernels.descend(part, *rest, out[begin : begin + PIXELS])
        return out.T

    def _plain(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what `predict` does, without kernels."""
        pixels = np.arange(values.shape[1])
        flat = np.ascontiguousarray(values).ravel()
        out = np.zeros((self.chances.shape[2], pixels.size))
        for tree, depth in enumerate(self.depth):
            start = self.features[tree].astype(np.intp) * pixels.size
            first, limits = self.children[tree].astype(np.intp), self.limits[tree]
            node = np.zeros_like(pixels)
            for _ in range(depth):
                seen = flat.take(start.take(node) + pixels)
                node = first.take(node) + (seen > limits.take(node))
            out += self.chances[tree].take(node, axis=0).T
        return np.asarray(out / len(self.depth))


def _siblings_together(tree: Any) -> NDArray[np.intp]:
    """Return the nodes in an order in which second children follow the first."""
    order = [0]
    for node in order:  # grows on the way
        if tree.children_left[node] >= 0:
            order += [tree.children_left[node], tree.children_right[node]]
    return np.array(order, np.intp)
