"""Generators that are told the class of every object or patch."""

from dataclasses import replace

import numpy as np
import pytest
from skimage.draw import disk, rectangle

from napari_morphogen.nn.generator_options import GeneratorOptions
from napari_morphogen.nn.generator_patches import Pool, Source
from napari_morphogen.nn.generator_split import split_classes
from napari_morphogen.nn.generator_training import GeneratorTraining
from napari_morphogen.nn.train import Budget
from napari_morphogen.params import InputError

SIDE = 16
SMALL = GeneratorOptions(patch=SIDE, batch=16, width=12, foreground=0)
NAMES = ("disc", "ring")


def scene(seed=0, size=96, count=12):
    """Return an image of bright discs and rings, and the class of every pixel."""
    rng = np.random.default_rng(seed)
    image, classes = rng.normal(0, 0.03, (size, size)), np.full((size, size), -1)
    places = [(r, c) for r in range(14, size - 8, 20) for c in range(14, size - 8, 20)]
    for number, at in enumerate(rng.permutation(places)[:count]):
        inside = disk(at, 6, shape=image.shape)
        image[inside] += 1
        if number % 2:
            image[disk(at, 3.5, shape=image.shape)] -= 1
        classes[disk(at, 2, shape=image.shape)] = number % 2
    return image[np.newaxis], classes


def middles(patches):
    """Return how bright the middle of patches is beside the rest: a classifier."""
    middle = patches[:, 0, 6:10, 6:10].mean(axis=(1, 2))
    return middle - patches[:, 0].mean(axis=(1, 2))


def test_a_patch_is_of_the_class_of_its_centre():
    rng = np.random.default_rng(0)
    classes = rng.integers(-1, 3, (40, 50))
    values = classes[np.newaxis].astype(np.float32)
    pool = Pool([Source(values, 0, 0, classes=classes)], (16, 8), 0.05)
    patches, drawn = pool.draw(300, rng)
    np.testing.assert_array_equal(patches[:, 0, 8, 4], drawn)
    assert set(drawn.tolist()) == {0, 1, 2}


def test_rare_classes_are_drawn_as_often():
    classes = np.zeros((64, 64), int)
    classes[30:32, 30:32] = 1
    pool = Pool(
        [Source(np.zeros((1, 64, 64), np.float32), 0, 0, classes=classes)],
        (16, 16),
        0,
    )
    _, drawn = pool.draw(400, np.random.default_rng(0))
    assert 160 < drawn.sum() < 240  # four standard deviations


def test_groups_are_kept_whole_and_every_class_is_learnt():
    sources = []
    for number in range(6):
        values, classes = scene(number)
        if number:  # only the first image shows the second class
            classes[classes == 1] = -1
        source = Source(values.astype(np.float32), number, number, classes=classes)
        sources.append(source)
    for seed in range(8):
        kept, unseen = split_classes(sources, (SIDE, SIDE), 0.2, seed)
        assert len(unseen) == 1
        assert 0 in {one.number for one in kept}
        assert len(kept) + len(unseen) == 6


def test_the_end_of_a_single_image_is_kept_with_its_classes():
    values, classes = scene(size=160, count=40)
    source = Source(values.astype(np.float32), 0, 0, classes=classes)
    (kept,), (unseen,) = split_classes([source], (SIDE, SIDE), 0.4, 0)
    for one in (kept, unseen):
        assert one.classes.shape == one.values.shape[1:]
        assert {0, 1} <= set(np.unique(one.classes).tolist())


@pytest.mark.parametrize(("kind", "steps"), [("cvae", 80), ("flow", 150)])
def test_samples_are_of_the_class_of_objects_that_was_asked_for(kind, steps):
    images, classes = zip(*(scene(seed) for seed in range(6)), strict=True)
    training = GeneratorTraining(
        images,
        classes=classes,
        class_names=NAMES,
        options=replace(SMALL, kind=kind, each=False),
    )
    for _ in training.run(Budget(steps=steps)):
        pass
    training.finish()
    asked = [0] * 30 + [1] * 30
    made = training.generator().sample(60, condition=asked)
    unseen = Pool(training.unseen, (SIDE, SIDE), 0)
    real, known = unseen.draw(60, np.random.default_rng(0))
    edge = (middles(real)[known == 0].min() + middles(real)[known == 1].max()) / 2
    assert (
        (middles(training.range.inside(made[:, 0])[:, None]) < edge) == asked
    ).mean() >= 0.9


def test_volumes_have_classes_too():
    volume = np.random.default_rng(0).random((1, 12, 24, 24))
    classes = np.full((12, 24, 24), -1)
    classes[5:7, 8:16, 8:11], classes[5:7, 8:16, 13:16] = 0, 1
    training = GeneratorTraining(
        [volume] * 2,
        classes=[classes] * 2,
        class_names=NAMES,
        options=replace(SMALL, kind="cvae"),
    )
    values, drawn = training.batch(0)
    assert values.shape[2:] == (8, 16, 16)
    assert set(drawn.tolist()) == {0, 1}


def border(classes):
    classes[8:-8, 8:-8] = -1
    return classes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c[:-1], r"shape \(96, 96\) of their image, but got \(95, 96\)"),
        (lambda c: np.where(c == 1, 5, c), "from 0 to 1, but got -1 to 5"),
        (lambda c: np.where(c == 1, -3, c), "but got -3 to"),
        (lambda c: np.where(c == 1, -1, c), '"ring" has 0 object'),
        (border, '"disc" has 0 object'),
    ],
)
def test_classes_that_cannot_be_learnt_are_said(change, says):
    image, classes = scene()
    with pytest.raises(InputError, match=says):
        GeneratorTraining(
            [image],
            classes=[change(classes)],
            class_names=NAMES,
            options=replace(SMALL, kind="cvae"),
        )


def test_one_large_region_is_many_patches_and_one_object_is_too_little():
    image = np.random.default_rng(0).random((1, 64, 64))
    classes = np.full((64, 64), -1)
    classes[rectangle((8, 8), (55, 30))] = 0
    classes[rectangle((20, 40), (24, 44))] = 1
    words = {"class_names": NAMES, "options": replace(SMALL, kind="cvae")}
    with pytest.raises(InputError, match='"ring" has 1 object'):
        GeneratorTraining([image], classes=[classes], **words)
    classes[rectangle((40, 40), (44, 44))] = 1
    GeneratorTraining([image], classes=[classes], **words)
