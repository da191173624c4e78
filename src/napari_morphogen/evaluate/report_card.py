"""How good is a generator? Its images as a set against real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.evaluate import patch_sets
from napari_morphogen.evaluate.copies import Nearest, is_copy, nearest
from napari_morphogen.evaluate.coverage import NEIGHBOURS, coverage, principal
from napari_morphogen.evaluate.patch_sets import Patches, Region
from napari_morphogen.evaluate.spectra import spectrum_distance
from napari_morphogen.evaluate.textures import features, texture_distance
from napari_morphogen.params import InputError

PATCH_SIZE = 64
PATCHES = 512  # of every set
FEWEST = 2 * NEIGHBOURS
Table = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ReportCard:
    """How a set of generated images compares with real ones.

    Attributes
    ----------
    texture, sharpness, coverage : float
        1 where generated images are as near to unseen real ones as other real
        images are, 0 at worst.
    copies : float
        Share of samples that are nearer to any place in the training images than
        99 of 100 unseen real ones are.
    noise : mapping of str to float
        The same four figures of noise with the real intensities, for scale.
    measured : mapping of str to mapping
        What stands behind: under ``"generated"``, ``"real"`` and ``"noise"`` the
        distance of textures, decibels between spectra, covered share, copies.
    pairs : dict of str to ndarray
        Every sample with the most alike place in the training images, the most alike
        first: numbers of both images, first pixels of both patches, the correlation
        of their thumbnails, and whether that makes it a copy.
    patch_shape : tuple of int
        Of the patches that were compared.
    patches : int
        How many of every set.
    """

    texture: float
    sharpness: float
    coverage: float
    copies: float
    noise: Mapping[str, float]
    measured: Mapping[str, Mapping[str, float]]
    pairs: Table
    patch_shape: tuple[int, ...]
    patches: int

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name; see `MEANINGS`."""
        names = ("texture", "sharpness", "coverage", "copies")
        return {name: getattr(self, name) for name in names}


def report_card(
    real: Sequence[ArrayLike],
    generated: Sequence[ArrayLike],
    held_out: Sequence[ArrayLike] | None = None,
    *,
    searched: Sequence[ArrayLike] | None = None,
    patch_size: int = PATCH_SIZE,
    channel_axis: int | None = None,
    seed: int = 0,
) -> ReportCard:
    """Compare a set of generated images with real ones.

    Parameters
    ----------
    real : sequence of ndarray
        What the generator has learnt from: images of any size, two or three
        spatial axes and any real dtype.
    generated : sequence of ndarray
        What it has made, on the same scale of intensities.
    held_out : sequence of ndarray, optional
        Real images that it has not seen. By default half of `real`, or one end of
        a single image; then copies are looked for in the other half alone.
    searched : sequence of ndarray, optional
        Images in which copies are looked for at every place, where `real` holds but
        patches of them; `real` by default.
    patch_size : int
        Patches of so many pixels along every axis are compared, fewer where an
        image has fewer.
    channel_axis : int or None
        The axis of channels in every image.
    seed : int
        Same seed, same figures.

    Returns
    -------
    card : ReportCard

    Raises
    ------
    InputError
        When there are too few patches, axes or channels differ, images hold no
        finite real numbers, or `patch_size` is too small.

    Notes
    -----
    Every figure is the ratio of what real images reach against other real ones
    to what the generated reach against the same. *Texture* is the sliced
    Wasserstein distance of a Laplacian pyramid [1]_, *sharpness* the distance of
    radial power spectra [2]_, *coverage* the share of real patches with a
    generated one among their neighbours [3]_, on the answers of random
    filters, and *copies* a test of nearest neighbours [4]_.

    References
    ----------
    .. [1] T. Karras et al., Progressive growing of GANs, ICLR (2018),
       DOI 10.48550/arXiv.1710.10196
    .. [2] R. Durall et al., Watch your up-convolution, CVPR (2020),
       DOI 10.48550/arXiv.2003.01826
    .. [3] M. F. Naeem et al., Reliable fidelity and diversity metrics for
       generative models, ICML (2020), DOI 10.48550/arXiv.2002.09797
    .. [4] C. Meehan et al., A non-parametric test to detect data-copying in
       generative models, AISTATS (2020), DOI 10.48550/arXiv.2004.05675

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter
    >>> images = np.random.default_rng(0).random((90, 16, 16))
    >>> blurred = [gaussian_filter(image, 2) for image in images[60:]]
    >>> card = report_card(images[:60], blurred)
    >>> card.texture < 0.5, card.sharpness < 0.5, card.noise["copies"] < 0.2
    (True, True, True)
    """
    rng = np.random.default_rng(seed)
    sets = _sets(real, generated, held_out, patch_size, channel_axis, rng)
    shape, *parts = sets
    drawn = [patch_sets.draw(part, shape, PATCHES, rng) for part in parts]
    count = min(PATCHES, *(len(part.values) for part in drawn))
    if count < FEWEST:
        raise InputError(
            f"Expected at least {FEWEST} patches of every set of images, but one has "
            f"{count}; give more or larger images, or a smaller patch size."
        )
    whole = parts[0]
    if searched is not None:
        whole = patch_sets.regions("searched", searched, channel_axis)
        patch_sets.check_alike("searched", whole, parts[0][0])
    return _card(*_standardised(drawn, whole), count, seed)


def _sets(
    real: Sequence[ArrayLike],
    generated: Sequence[ArrayLike],
    held_out: Sequence[ArrayLike] | None,
    patch_size: int,
    channel_axis: int | None,
    rng: np.random.Generator,
) -> tuple[tuple[int, ...], list[Region], list[Region], list[Region]]:
    """Return the shape of patches; images seen, generated and unseen."""
    seen = patch_sets.regions("real", real, channel_axis)
    made = patch_sets.regions("generated", generated, channel_axis)
    patch_sets.check_alike("generated", made, seen[0])
    if held_out is None:
        halved = len(seen) == 1
        shape = patch_sets.patch_shape(patch_size, [*seen, *made], halved)
        seen, unseen = patch_sets.split(seen, shape, rng)
    else:
        unseen = patch_sets.regions("held_out", held_out, channel_axis)
        patch_sets.check_alike("held_out", unseen, seen[0])
        shape = patch_sets.patch_shape(patch_size, [*seen, *made, *unseen], False)
    return shape, seen, made, unseen


def _standardised(
    sets: Sequence[Patches], whole: Sequence[Region]
) -> tuple[list[Patches], list[Region]]:
    """Return sets and images in units of the first set's spread, its mean 0."""
    values = sets[0].values
    axes = (0, *range(2, values.ndim))
    mean = values.mean(axis=axes, keepdims=True, dtype=np.float64)
    spread = values.std(axis=axes, keepdims=True, dtype=np.float64)
    spread[spread == 0] = 1

    def scaled(data: NDArray[Any], low: Any, span: Any) -> NDArray[np.float32]:
        return np.asarray((data - low) / span, np.float32)

    patches = [one._replace(values=scaled(one.values, mean, spread)) for one in sets]
    ends = mean[0], spread[0]
    return patches, [one._replace(data=scaled(one.data, *ends)) for one in whole]


def _card(
    drawn: Sequence[Patches], whole: Sequence[Region], count: int, seed: int
) -> ReportCard:
    # drawn in no order: the first are any
    seen, ours, target = (one.first(count).values for one in drawn)
    mixed = np.random.default_rng(seed).permutation(seen.ravel())
    noise = mixed.reshape(seen.shape)
    sets = {"generated": ours, "real": seen, "noise": noise}
    near, unusual = nearest(ours, whole), nearest(target, whole)
    found = _measured(sets, target, seed)
    copied = is_copy(near, unusual)
    found["generated"]["copies"] = float(copied.mean())
    found["real"]["copies"] = float(is_copy(unusual, unusual).mean())
    noisy = is_copy(nearest(noise[: count // 8 + 1], whole), unusual)
    found["noise"]["copies"] = float(noisy.mean())
    pairs = _pairs(drawn[1].first(count), near, copied)
    figures = _ratios(found["generated"], found["real"])
    return ReportCard(
        **figures,
        noise=_ratios(found["noise"], found["real"]),
        measured=found,
        pairs=pairs,
        patch_shape=ours.shape[2:],
        patches=count,
    )


def _measured(
    sets: Mapping[str, NDArray[np.float32]], target: NDArray[np.float32], seed: int
) -> dict[str, dict[str, float]]:
    rows = [features(patches, seed) for patches in (target, *sets.values())]
    real, *others = principal(*rows)
    return {
        name: {
            "texture": texture_distance(patches, target, seed),
            "sharpness": spectrum_distance(patches, target),
            "coverage": coverage(real, other),
        }
        for (name, patches), other in zip(sets.items(), others, strict=True)
    }


def _ratios(found: Mapping[str, float], real: Mapping[str, float]) -> dict[str, float]:
    """Return figures of which 1 is as good as real, but for the share of copies."""
    return {
        "texture": _ratio(real["texture"], found["texture"]),
        "sharpness": _ratio(real["sharpness"], found["sharpness"]),
        "coverage": _ratio(found["coverage"], real["coverage"]),
        "copies": found["copies"],
    }


def _ratio(above: float, below: float) -> float:
    # better than real says nothing: which real images are held out is chance
    return 1.0 if above >= below else above / below


def _pairs(made: Patches, near: Nearest, copied: Any) -> Table:
    order = np.argsort(-near.correlation, kind="stable")
    return {
        "image": made.image[order],
        "corner": made.corner[order],
        "training_image": near.image[order],
        "training_corner": near.corner[order],
        "correlation": near.correlation[order].astype(float),
        "copy": copied[order],
    }
