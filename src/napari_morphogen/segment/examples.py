"""Classes of pixels learned from a few painted strokes."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import annotated_types as at

from napari_morphogen.params import (
    ChannelAxis,
    Filled,
    Image,
    Labels,
    Seed,
    Spacing,
    Unit,
)
from napari_morphogen.segment.classifiers import Forest, Normals
from napari_morphogen.segment.training import (
    SIGMAS,
    Classified,
    Model,
    classify,
    collect,
)

MOST_NEAREST = 20_000  # pixels of a class that distances are learned from
MOST_FOREST = 5_000  # pixels of a class that trees are grown on

Learned = Annotated[Any, Filled()]
Softness = Annotated[float, at.Interval(ge=0, le=10), at.MultipleOf(0.1), Unit("px")]
Scales = Annotated[int, at.Interval(ge=1, le=len(SIGMAS))]


def nearest_class(
    image: Image,
    *,
    strokes: Labels,
    distance: Literal["mahalanobis", "euclidean"] = "mahalanobis",
    covariance: Literal["own", "shared"] = "own",
    scales: Scales = 5,
    sigma: Softness = 1.0,
    model: Learned = None,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Classified:
    """Classes of pixels by how near they are to painted ones.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    strokes : ndarray of int
        Paint a few strokes of another number on every class; 0 is unpainted.
    distance : str
        "mahalanobis" counts in standard deviations of a class along the
        directions in which its pixels vary; "euclidean" lets all features count
        alike.
    covariance : str
        How pixels of a class vary, for "mahalanobis": every class in its "own"
        way, or in one "shared" by all.
    scales : int
        How many widths of surroundings are looked at: 0.5, 1, 2, 4, 8 and 16
        pixels of the finest axis.
    sigma : float
        Smoothing of the probabilities, in pixels of the finest axis; 0 is none.
    model : object or None
        What `fit_nearest` returned; None learns from `strokes`.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    result : Classified
        Labels, probabilities and uncertainty. Class k is that of the k-th
        smallest painted number; 0 where a pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When fewer than two classes are painted.

    Notes
    -----
    Every pixel has features at each scale: intensity, length of the gradient and
    eigenvalues of the Hessian after a Gaussian, each in standard deviations of the
    painted pixels. With d the Mahalanobis distance [1]_ to the mean of a class and
    S its covariance, the class has the probability of a normal distribution,
    exp(-d² / 2) / sqrt(det S), over the sum for all classes, which count alike
    (linear and quadratic discriminants [2]_). A "shared" S is the mean over the
    classes, an "own" one the mean of it and that of the class; 0.3 is added on
    the diagonal, since few pixels do not tell how all features vary [3]_.

    References
    ----------
    .. [1] P. C. Mahalanobis, reprinted in Sankhya A 80, 1-7 (2018),
       DOI 10.1007/s13171-019-00164-5
    .. [2] R. A. Fisher, Annals of Eugenics 7, 179-188 (1936),
       DOI 10.1111/j.1469-1809.1936.tb02137.x
    .. [3] J. H. Friedman, J. Am. Stat. Assoc. 84, 165-175 (1989),
       DOI 10.1080/01621459.1989.10478752

    Examples
    --------
    >>> import numpy as np
    >>> image = np.repeat([[0, 0, 0, 0, 9, 9, 9, 9]], 8, axis=0)
    >>> strokes = np.zeros_like(image)
    >>> strokes[2, :3], strokes[2, 5:] = 1, 2
    >>> nearest_class(image, strokes=strokes).labels[0]
    array([1, 1, 1, 1, 2, 2, 2, 2], dtype=int32)
    """
    if model is None:
        model = fit_nearest(
            _only(image, strokes, spacing, channel_axis),
            distance=distance,
            covariance=covariance,
            scales=scales,
        )
    return classify(image, model, sigma, spacing, channel_axis)


def random_forest(
    image: Image,
    *,
    strokes: Labels,
    n_trees: Annotated[int, at.Interval(ge=1, le=500)] = 50,
    max_depth: Annotated[int, at.Interval(ge=1, le=30)] = 10,
    scales: Scales = 5,
    sigma: Softness = 1.0,
    seed: Seed = 0,
    model: Learned = None,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Classified:
    """Classes of pixels by a random forest grown on painted ones.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    strokes : ndarray of int
        Paint a few strokes of another number on every class; 0 is unpainted.
    n_trees : int
        More give smoother probabilities and take longer.
    max_depth : int
        Questions asked in a row; fewer follow the strokes less closely.
    scales : int
        How many widths of surroundings are looked at: 0.5, 1, 2, 4, 8 and 16
        pixels of the finest axis.
    sigma : float
        Smoothing of the probabilities, in pixels of the finest axis; 0 is none.
    seed : int
        Start of the random numbers.
    model : object or None
        What `fit_forest` returned; None learns from `strokes`.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    result : Classified
        Labels, probabilities and uncertainty. Class k is that of the k-th
        smallest painted number; 0 where a pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When fewer than two classes are painted.

    Notes
    -----
    The features are those of `nearest_class`. Each tree is grown on a random
    sample of at most 5,000 painted pixels of every class, which count alike, and
    asks at every node for the best of a few random features; the probability is
    the mean over the trees [1]_.

    References
    ----------
    .. [1] L. Breiman, Mach. Learn. 45, 5-32 (2001), DOI 10.1023/A:1010933404324

    Examples
    --------
    >>> import numpy as np
    >>> image = np.repeat([[0, 0, 0, 0, 9, 9, 9, 9]], 8, axis=0)
    >>> strokes = np.zeros_like(image)
    >>> strokes[2, :3], strokes[2, 5:] = 1, 2
    >>> random_forest(image, strokes=strokes, scales=1).labels[0]
    array([1, 1, 1, 1, 2, 2, 2, 2], dtype=int32)
    """
    if model is None:
        model = fit_forest(
            _only(image, strokes, spacing, channel_axis),
            n_trees=n_trees,
            max_depth=max_depth,
            scales=scales,
            seed=seed,
        )
    return classify(image, model, sigma, spacing, channel_axis)


def fit_nearest(
    samples: Iterable[Mapping[str, Any]],
    *,
    distance: str = "mahalanobis",
    covariance: str = "own",
    scales: int = 5,
    sigma: float = 1.0,
) -> Model | None:
    """Learn from painted frames what `nearest_class` takes as `model`.

    Parameters
    ----------
    samples : iterable of mapping
        Each with image, strokes, spacing and channel_axis.
    distance, covariance, scales, sigma
        Those of `nearest_class`.

    Returns
    -------
    model : Model or None
        None when there are no samples.
    """
    examples = collect(samples, scales)
    if examples is None:
        return None
    chances = Normals.of(examples.thinned(MOST_NEAREST), distance, covariance)
    return Model.of(chances, examples)


def fit_forest(
    samples: Iterable[Mapping[str, Any]],
    *,
    n_trees: int = 50,
    max_depth: int = 10,
    scales: int = 5,
    sigma: float = 1.0,
    seed: int = 0,
) -> Model | None:
    """Learn from painted frames what `random_forest` takes as `model`.

    Parameters
    ----------
    samples : iterable of mapping
        Each with image, strokes, spacing and channel_axis.
    n_trees, max_depth, scales, sigma, seed
        Those of `random_forest`.

    Returns
    -------
    model : Model or None
        None when there are no samples.
    """
    examples = collect(samples, scales)
    if examples is None:
        return None
    chances = Forest.of(examples.thinned(MOST_FOREST), n_trees, max_depth, seed)
    return Model.of(chances, examples)


def _only(
    image: Image, strokes: Labels, spacing: Spacing, channel_axis: ChannelAxis
) -> list[dict[str, Any]]:
    """Return the samples of a frame that is learned from alone."""
    words = {"spacing": spacing, "channel_axis": channel_axis}
    return [{"image": image, "strokes": strokes, **words}]
