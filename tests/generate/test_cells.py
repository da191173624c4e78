"""Synthetic cells: labels that are exactly right for the image."""

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.params import InputError, Remark

PLAIN = {
    "brightness_spread": 0.0, "texture": 0.0, "unevenness": 0.0, "blur": 0.0,
    "out_of_focus": 0.0, "shot_noise": False, "read_noise": 0.0,
}  # fmt: skip
VOLUME = {"depth": 20, "height": 96, "width": 96, "count": 12, "plane_distance": 2.0}


def touching_share(labels):
    pairs = set()
    for axis in range(labels.ndim):
        lines = np.moveaxis(labels, axis, 0)
        a, b = lines[:-1], lines[1:]
        beside = (a != b) & (a > 0) & (b > 0)
        pairs |= set(a[beside].tolist()) | set(b[beside].tolist())
    return len(pairs) / labels.max()


@pytest.mark.parametrize("size", [{}, VOLUME], ids=["2-D", "3-D"])
def test_bare_image_is_its_labels(size):
    image, labels = synthetic_cells(**size, **PLAIN, photons=70.0, background=5.0)
    np.testing.assert_array_equal(image, np.where(labels > 0, 75, 5))
    assert (image.dtype, labels.dtype) == (np.float32, np.int32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"touching": 1.0},
        {"irregularity": 0.4, "elongation": 5.0, "count": 25},
        VOLUME,
    ],
    ids=["usual", "touching", "wild", "3-D"],
)
def test_every_label_is_one_piece_and_all_are_there(given, seed):
    _, labels = synthetic_cells(**given, seed=seed)
    count = given.get("count", 40)
    np.testing.assert_array_equal(np.unique(labels), np.arange(count + 1))
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        _, pieces = ndimage.label(labels[place] == number)
        assert pieces == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_share_of_touching_cells_is_as_asked(share):
    for seed in range(3):
        _, labels = synthetic_cells(height=400, width=400, touching=share, seed=seed)
        assert touching_share(labels) == pytest.approx(share, abs=0.051)


def test_cells_apart_have_background_around_them():
    _, labels = synthetic_cells(touching=0.0)
    around = ndimage.grey_dilation(labels, size=(3, 3))
    assert (around[labels > 0] == labels[labels > 0]).all()


@pytest.mark.parametrize("shape", [{}, {"elongation": 3.0, "irregularity": 0.0}])
def test_areas_follow_the_radius(shape):
    words = {"height": 900, "width": 900, "count": 60, "touching": 0.0, **shape}
    _, labels = synthetic_cells(**words, radius=20.0, radius_spread=0.0)
    inner = np.setdiff1d(
        labels, np.r_[labels[[0, -1]].ravel(), labels[:, [0, -1]].ravel()]
    )
    areas = np.bincount(labels.ravel())[inner]
    assert np.median(areas) == pytest.approx(np.pi * 20**2, rel=0.05)


def test_elongation_is_the_ratio_of_the_axes():
    from skimage.measure import regionprops

    words = {"elongation": 2.5, "irregularity": 0.0, "radius_spread": 0.0}
    _, labels = synthetic_cells(
        height=800, width=800, count=40, radius=15.0, touching=0.0, **words
    )
    found = [r.axis_major_length / r.axis_minor_length for r in regionprops(labels)]
    assert np.median(found) == pytest.approx(2.5, rel=0.05)


def test_balls_are_round_in_micrometres():
    words = {"elongation": 1.0, "irregularity": 0.0, "radius_spread": 0.0}
    _, labels = synthetic_cells(
        depth=40, height=120, width=120, count=5, radius=16.0, touching=0.0,
        pixel_size=0.5, plane_distance=1.5, seed=1, **words,
    )  # fmt: skip
    extents = [
        [s.stop - s.start for s in place]
        for place in ndimage.find_objects(labels)
        if all(
            0 < s.start and s.stop < n for s, n in zip(place, labels.shape, strict=True)
        )
    ]
    assert extents
    for planes, rows, columns in extents:
        assert planes * 3 == pytest.approx(32, abs=3.1)
        assert rows == pytest.approx(32, abs=1.1)
        assert columns == pytest.approx(32, abs=1.1)


def test_photons_are_noisy_by_their_number():
    words = PLAIN | {"shot_noise": True, "photons": 400.0, "background": 50.0}
    image, labels = synthetic_cells(**words)
    for inside, mean in ((labels > 0, 450), (labels == 0, 50)):
        assert image[inside].mean() == pytest.approx(mean, rel=0.02)
        assert image[inside].var() == pytest.approx(mean, rel=0.05)
    quiet = synthetic_cells(**PLAIN | {"read_noise": 6.0}, photons=0.0)
    assert quiet.image.std() == pytest.approx(6, rel=0.02)
    assert quiet.labels.max() == 40


def test_blur_keeps_the_light_and_the_labels():
    sharp = synthetic_cells(**PLAIN, background=0.0)
    soft = synthetic_cells(**PLAIN | {"blur": 3.0}, background=0.0)
    np.testing.assert_array_equal(sharp.labels, soft.labels)
    expected = ndimage.gaussian_filter(sharp.image, 3, mode="nearest")
    np.testing.assert_allclose(soft.image, expected, atol=1e-3)


def test_cells_out_of_focus_are_blurred_more():
    sharp = synthetic_cells(**PLAIN, background=0.0, touching=0.0)
    mixed = synthetic_cells(
        **PLAIN | {"out_of_focus": 0.25}, background=0.0, touching=0.0
    )
    np.testing.assert_array_equal(sharp.labels, mixed.labels)
    numbers = np.arange(1, 41)
    spread = ndimage.standard_deviation(mixed.image, mixed.labels, numbers)
    assert (spread > 10).sum() == 10


def test_texture_and_unevenness_are_as_strong_as_asked():
    words = PLAIN | {"texture": 0.4}
    image, labels = synthetic_cells(**words, photons=100.0, background=0.0)
    assert image[labels > 0].std() == pytest.approx(40, rel=0.2)
    words = PLAIN | {"unevenness": 0.5}
    image, labels = synthetic_cells(**words, photons=0.0, background=100.0)
    assert image.mean() == pytest.approx(100, abs=1)
    assert np.abs(image - 100).max() == pytest.approx(50, rel=0.01)


def test_too_many_cells_are_told():
    with pytest.warns(Remark, match=r"Only \d+ of 5000 cells found room"):
        _, labels = synthetic_cells(height=64, width=64, count=5000, radius=5.0)
    assert 10 < labels.max() < 5000
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_no_cells_leave_the_background():
    image, labels = synthetic_cells(count=0, **PLAIN, background=30.0)
    assert not labels.any()
    assert (image == 30).all()


def test_cells_larger_than_the_image_are_refused():
    with pytest.raises(InputError, match="`radius` to be at most 10, half of"):
        synthetic_cells(height=20, width=300, radius=12.0)
    with pytest.raises(InputError, match=r"at most 0\.5"):
        synthetic_cells(height=1, width=1, radius=1.0)
    image, labels = synthetic_cells(height=2, width=2, radius=1.0, count=1)
    assert image.shape == (2, 2)
    assert labels.max() == 1


def test_largest_and_smallest_cells():
    one = synthetic_cells(radius=128.0, count=1, elongation=5.0, irregularity=0.4)
    assert set(np.unique(one.labels)) <= {0, 1}
    many = synthetic_cells(radius=1.0, count=300, radius_spread=1.0, touching=0.5)
    np.testing.assert_array_equal(np.unique(many.labels), np.arange(301))
