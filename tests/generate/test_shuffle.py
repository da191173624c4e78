"""Objects placed anew: they keep their pixels, and labels say where they are."""

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen import SpatialArray, run
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.inpainting import background_of
from napari_morphogen.generate.shuffle import shuffle_objects
from napari_morphogen.params import InputError, Remark
from napari_morphogen.pipeline import run_all

PLAIN = {"brightness_spread": 0.0, "texture": 0.0, "blur": 0.0, "out_of_focus": 0.0}


def scene(depth=1, seed=0, **words):
    size = {"height": 80, "width": 90, "count": 9, "radius": 6.0, "touching": 0.0}
    return synthetic_cells(**size | {"depth": depth, "seed": seed} | words)


def flat():
    """Return objects of one brightness each, on a constant background."""
    _, labels = scene()
    return np.where(labels > 0, 100 + labels, 7).astype(np.uint16), labels


@pytest.mark.parametrize("turn", [True, False])
def test_every_object_keeps_its_pixels(turn):
    image, labels = flat()
    made = shuffle_objects(image, labels=labels, touching=0.0, turn=turn)
    assert made.labels.dtype == np.int32
    assert made.labels.max() == labels.max()
    sizes = np.bincount(labels.ravel())
    seen = set()
    for number in range(1, made.labels.max() + 1):
        values = np.unique(made.image[made.labels == number])
        assert len(values) == 1  # nothing of a neighbour or of the background
        origin = int(values[0]) - 100
        seen.add(origin)
        assert (made.labels == number).sum() <= sizes[origin]
        assert ndimage.label(made.labels == number)[1] == 1
    inner = [
        n
        for n, (y, x) in enumerate(ndimage.find_objects(labels), 1)
        if y.start and x.start and y.stop < 80 and x.stop < 90
    ]
    assert seen == set(inner)  # each once before any comes twice
    assert set(np.unique(made.image[made.labels == 0])) == {7}


def test_background_under_objects_is_like_the_rest():
    image, labels = scene(**PLAIN, photons=500.0, background=30.0, unevenness=0.5)
    truth = scene(**PLAIN, photons=0.0, background=30.0, unevenness=0.5)[0]
    found = background_of(image[..., None], labels > 0, np.random.default_rng(0))
    hidden = labels > 0
    assert abs(found[hidden].mean() - truth[hidden].mean()) < 1.5
    assert 0.7 < found[hidden].std() / truth[hidden].std() < 1.4
    far = ndimage.distance_transform_edt(~hidden) > 8
    np.testing.assert_array_equal(found[far, 0], image[far])


def test_asked_for_touching_objects_touch():
    image, labels = scene(count=12, radius=5.0)
    apart, beside = (
        shuffle_objects(image, labels=labels, touching=t).labels for t in (0.0, 1.0)
    )
    for found, touches in ((apart, False), (beside, True)):
        grown = ndimage.grey_dilation(found, 3)
        meets = (found > 0) & (grown != found) & (grown > 0)
        assert meets.any() == touches


def test_count_and_what_finds_no_room():
    image, labels = scene()
    assert shuffle_objects(image, labels=labels, count=3).labels.max() == 3
    with pytest.warns(Remark, match="of 900 objects found room"):
        shuffle_objects(image, labels=labels, count=900)


def test_volumes_channels_and_seeds():
    image, labels = scene(depth=9, count=4)
    made = shuffle_objects(image, labels=labels, spacing=(2.0, 1.0, 1.0), count=4)
    assert made.image.shape == made.labels.shape == image.shape
    plane, numbers = scene()
    colours = np.stack([plane, 2 * plane, plane + 1], 0)
    words = {"labels": numbers, "channel_axis": 0}
    first, again, other = (
        shuffle_objects(colours, **words, seed=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.labels != other.labels).any()
    inside = first.labels > 0
    np.testing.assert_allclose(
        first.image[1][inside], 2 * first.image[0][inside], rtol=1e-5
    )


def test_hostile_input():
    image, labels = flat()
    with pytest.warns(Remark, match="No object is labelled"):
        made = shuffle_objects(image, labels=labels * 0)
    np.testing.assert_array_equal(made.image, image)
    with pytest.raises(InputError, match="whole numbers"):
        shuffle_objects(image, labels=labels * 0.5)
    with pytest.raises(InputError, match="`labels` of shape"):
        shuffle_objects(image, labels=labels[:9])
    broken = image.astype(float)
    broken[5:9, 5:9] = np.nan
    assert np.isfinite(shuffle_objects(broken, labels=labels).image).all()
    full = shuffle_objects(image, labels=np.ones_like(labels))
    assert np.isfinite(full.image).all()
    for shape in ((1, 1), (1, 7), (2, 2)):
        one = np.ones(shape, int)
        assert shuffle_objects(one, labels=one).labels.shape == shape
    big = shuffle_objects(image.astype(">u2"), labels=labels.astype(">i8") * 2**40)
    np.testing.assert_array_equal(
        big.labels, shuffle_objects(image, labels=labels).labels
    )


def test_in_the_pipeline():
    image, labels = flat()
    given = SpatialArray(image, "yx", scale=(0.5, 0.5), units=("micrometer",) * 2)
    made = run_all("shuffle_objects", given, labels=given.like(labels), seed=2)
    assert made["image"].scale == made["labels"].scale == (0.5, 0.5)
    stack = SpatialArray(np.stack([image, image]), "tyx")
    found = run("shuffle_objects", stack, labels=stack.like(np.stack([labels] * 2)))
    assert found.data.shape == (2, 80, 90) and found.axes == "tyx"
