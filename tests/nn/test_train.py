"""Training: learns, resumes, corrects, and says what is wrong with its input."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import segmentation

from napari_morphogen.evaluate import object_scores
from napari_morphogen.nn.options import Options
from napari_morphogen.nn.patches import NO_AUGMENTATION, Augmentation, Example, Patches
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.nn.train import Budget, train
from napari_morphogen.nn.training import Training, train_segmenter
from napari_morphogen.params import InputError
from napari_morphogen.segment.network import tuned
from napari_morphogen.segment.trained import objects_by

SMALL = Options(width=8, levels=2, patch=64, batch=4, diameter=0, rate=2e-2)


def disks(seed=0, size=128, radius=9, count=14):
    """Return noisy disks that may touch, and their labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    labels, number = np.zeros((size, size), int), 0
    for cy, cx in rng.uniform(radius, size - radius, (200, 2)):
        disk = np.hypot(y - cy, x - cx) < radius
        if number < count and not labels[disk].any():
            number += 1
            labels[disk] = number
    image = (labels > 0) + 0.2 * rng.normal(size=labels.shape)
    return image.astype(np.float32), labels


def strokes(labels):
    """Paint a few lines: 1 background, 2 object."""
    painted = np.zeros_like(labels)
    painted[10::16] = np.where(labels[10::16] > 0, 2, 1)
    return painted


def dice(found, truth):
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_learns_disks_from_dense_labels_in_seconds():
    image, labels = disks()
    steps = train_segmenter([image], [labels], budget=Budget(steps=120), options=SMALL)
    model = list(steps)[-1].segmenter()
    unseen, truth = disks(1)
    assert dice(model.predict(unseen)[0] > 0.5, truth > 0) >= 0.95


def test_learns_disks_from_strokes_in_seconds():
    image, labels = disks()
    options = replace(SMALL, task="semantic")
    painted = strokes(labels)
    steps = train_segmenter([image], [painted], budget=Budget(steps=120),
                            options=options)  # fmt: skip
    model = list(steps)[-1].segmenter()
    assert model.classes == ("class 1", "class 2")
    unseen, truth = disks(1)
    maps = model.predict(unseen)
    assert np.allclose(maps.sum(axis=0), 1, atol=1e-5)
    assert dice(maps[1] > 0.5, truth > 0) >= 0.95


def test_objects_of_another_size_are_scaled_to_that_of_the_training():
    image, labels = disks()
    options = replace(SMALL, diameter=14.0)
    steps = train_segmenter(
        [image], [labels], budget=Budget(steps=120), options=options
    )
    model = list(steps)[-1].segmenter()
    large, truth = disks(2, size=256, radius=18)
    assert dice(model.predict(large)[0] > 0.5, truth > 0) >= 0.95


def weights(training):
    return training._learner.state()


def test_resumed_equals_uninterrupted(tmp_path):
    image, labels = disks(size=64)
    options = Options(width=4, levels=2, patch=32, batch=2, diameter=0)

    def fresh():
        return Training([image], [labels], options=options)

    whole = fresh()
    list(whole.run(Budget(steps=8)))
    first = fresh()
    for trained in first.run(Budget(steps=8), every=1):
        if trained.progress.step == 4:
            break
    first.save(tmp_path / "half.morphogen")
    second = fresh()
    second.restore(tmp_path / "half.morphogen")
    steps = [trained.progress.step for trained in second.run(Budget(steps=8), every=1)]
    assert steps == [5, 6, 7, 8]
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name


def test_same_seed_same_weights_and_the_global_state_is_left_alone():
    image, labels = disks(size=64)
    options = Options(width=4, levels=2, patch=32, batch=2, seed=5)
    state, found = torch.random.get_rng_state(), []
    for _ in range(2):
        training = Training([image], [labels], options=options)
        list(training.run(Budget(steps=2)))
        found.append(weights(training))
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_correction_is_learnt_from():
    image, labels = disks(size=64)
    painted = strokes(labels)
    options = Options(task="semantic", width=4, levels=2, patch=32, batch=2)
    training = Training([image], [painted], options=options)
    list(training.run(Budget(steps=2)))
    flipped = np.where(painted > 0, 3 - painted, 0)
    training.correct([image], [flipped])
    steps = list(training.run(Budget(steps=120)))
    assert steps[-1].progress.step == 120
    maps = steps[-1].segmenter().predict(image)
    assert dice(maps[0] > 0.5, labels > 0) > 0.8  # class 1 is now painted on objects


def test_a_model_is_trained_further():
    image, labels = disks(size=64)
    options = Options(width=4, levels=2, patch=32, batch=2, diameter=0)
    model = list(train_segmenter([image], [labels], budget=Budget(steps=3),
                                 options=options))[-1].segmenter()  # fmt: skip
    training = Training([image], [labels], options=options, model=model)
    kept = training.segmenter().weights
    assert all(torch.equal(kept[name], value) for name, value in model.weights.items())
    list(training.run(Budget(steps=2)))
    assert [entry["steps"] for entry in training.segmenter().record] == [3, 2]


@pytest.mark.parametrize("count", [1, 6])
def test_held_out_labels_are_measured_and_not_learnt(count):
    pairs = [disks(seed, size=64) for seed in range(count)]
    images, labels = zip(*pairs, strict=True)
    options = Options(width=4, levels=2, patch=32, batch=2, held_out=0.2)
    training = Training(images, labels, options=options)
    from napari_morphogen.nn.examples import held_out, parted, prepared

    examples = prepared(images, labels).examples
    learnt, measured = parted(examples, held_out(examples, 0.2, 0))
    if count == 1:
        both = (learnt[0].targets[0] > 0) & (measured[0].targets[0] > 0)
        assert not both.any()
    else:
        assert len(learnt) == 5 and len(measured) == 1
    steps = list(training.run(Budget(steps=50)))
    assert math.isfinite(steps[-1].progress.held_out)


def test_volumes_with_anisotropic_pixels():
    rng = np.random.default_rng(0)
    labels = np.zeros((6, 24, 24), int)
    labels[2:5, 5:12, 5:12], labels[1:4, 14:22, 13:22] = 1, 2
    image = (labels > 0) + 0.1 * rng.normal(size=labels.shape)
    options = Options(
        width=4, levels=2, patch=16, batch=2, spacing=(3, 1, 1), diameter=0, rate=2e-2
    )
    steps = train_segmenter([image], [labels], budget=Budget(steps=80), options=options)
    model = list(steps)[-1].segmenter()
    assert model.config.factors == ((1, 2, 2), (2, 2, 2))
    assert dice(model.predict(image)[0] > 0.5, labels > 0) > 0.8


def test_channels():
    image, labels = disks(size=64)
    colours = np.stack([image, 1 - image, image * 0], axis=-1)
    options = Options(width=4, levels=2, patch=32, batch=2)
    steps = train_segmenter([colours], [labels], budget=Budget(steps=2),
                            options=options, channel_axis=-1)  # fmt: skip
    model = list(steps)[-1].segmenter()
    assert model.predict(colours, channel_axis=-1).shape == (2, 64, 64)
    with pytest.raises(InputError, match="3 channel"):
        model.predict(image)
    with pytest.raises(InputError, match="planes"):
        model.predict(np.zeros((3, 4, 5, 6)), channel_axis=0)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ([], [], "labels for every image"),
        ([np.ones((8, 8))], [np.zeros((8, 9), int)], "shape"),
        ([np.ones((8, 8))], [np.zeros((8, 8), int)], "one class"),
        ([np.ones((8, 8))], [np.zeros((8, 8))], "whole numbers"),
        ([np.ones((8, 8))], [np.full((8, 8), -1)], "below 0"),
        ([np.ones(8)], [np.ones(8, int)], "planes and volumes"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(images, labels, message):
    with pytest.raises(InputError, match=message):
        Training(images, labels, options=SMALL)


def test_strokes_of_one_class_or_none():
    image, options = np.ones((8, 8)), Options(task="semantic", width=4, levels=2)
    with pytest.raises(InputError, match="Nothing is painted"):
        Training([image], [np.zeros((8, 8), int)], options=options)
    with pytest.raises(InputError, match="one class only"):
        Training([image], [np.eye(8, dtype=int)], options=options)


def test_stopping_is_no_longer_asking():
    taken = []

    def step(number, share):
        taken.append(number)
        return torch.tensor(1.0)

    steps = train(step, Budget(steps=100), every=5)
    next(steps)
    steps.close()
    assert taken == [0, 1, 2, 3, 4]


def test_patience_ends_training():
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])
    steps = train(
        lambda number, share: torch.tensor(1.0),
        Budget(patience=2),
        held_out=lambda: next(losses),
        measure_every=10,
    )
    assert [p.step for p in steps][-1] == 40


def test_time_ends_training_and_a_budget_is_needed():
    now = iter(range(1000))
    steps = list(
        train(lambda n, s: torch.tensor(1.0), Budget(20.0), clock=lambda: next(now))
    )
    assert steps[-1].share == 1 and steps[-1].seconds >= 20
    with pytest.raises(InputError, match="never end"):
        Budget()


def test_divergence_is_told():
    steps = train(lambda n, s: torch.tensor(math.nan), Budget(steps=10))
    with pytest.raises(InputError, match="diverged"):
        list(steps)


def test_patches_lie_where_labels_are():
    rng = np.random.default_rng(0)
    known = np.zeros((1, 300, 300), np.float32)
    known[0, 250:256, 30:36] = 1
    example = Example(rng.normal(size=(1, 300, 300)).astype(np.float32), known)
    patches = Patches([example], (32, 32), 8, Augmentation(), 0)
    assert (patches(0)[1] > 0).flatten(1).any(1).all()


def test_plain_patches_are_parts_of_the_image():
    image = np.arange(64 * 64, dtype=np.float32).reshape(1, 64, 64)
    example = Example(image, image.copy() + 1)
    images, targets = Patches([example], (16, 16), 4, NO_AUGMENTATION, 0)(3)
    known = targets > 0
    assert torch.allclose(images[known], targets[known] - 1, atol=1e-2)


def test_image_and_targets_are_turned_together():
    y, x = np.mgrid[:96, :96]
    image = (np.hypot(y - 48, x - 48) < 30).astype(np.float32)[None]
    example = Example(image, image + 1)
    varied = Augmentation(brightness=0, contrast=0, gamma=0, noise=0, blur=0)
    images, targets = Patches([example], (64, 64), 4, varied, 0)(0)
    known = targets > 0
    assert ((images > 0.5) == (targets > 1.5))[known].float().mean() > 0.99


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    image, labels = disks(size=64)
    options = Options(width=4, levels=2, patch=32, batch=2)
    path = tmp_path / "one.morphogen"
    one = Training([image], [labels], options=options)
    one.save(path)  # before the first step
    Training([image], [labels], options=options).restore(path)
    other = Training([image], [labels], options=replace(options, width=6))
    with pytest.raises(InputError, match="another one"):
        other.restore(path)
    one.segmenter().save(path)
    with pytest.raises(InputError, match="no training"):
        one.restore(path)


def test_edges_are_likely_on_true_boundaries_only():
    image, labels = disks()
    options = replace(SMALL, task="edges")
    steps = train_segmenter([image], [labels], budget=Budget(steps=120),
                            options=options)  # fmt: skip
    model = list(steps)[-1].segmenter()
    assert model.classes == ("boundary",) and model.diameter == 0
    unseen, truth = disks(1)
    maps = model.predict(unseen)
    assert maps.shape == (1, *unseen.shape) and maps.dtype == np.float32
    edge = segmentation.find_boundaries(truth, mode="thick")
    near = ndimage.binary_dilation(edge, iterations=2)
    assert maps[0][edge].mean() > 0.75 and maps[0][~near].mean() < 0.05


def interiors(labels, width=2):
    """Paint every pixel: 1 background, 2 inside objects, 3 on their borders."""
    inside = [ndimage.binary_erosion(labels == n, iterations=width)
              for n in range(1, labels.max() + 1)]  # fmt: skip
    return np.where(np.any(inside, axis=0), 2, np.where(labels > 0, 3, 1))


@pytest.mark.parametrize("strokes", [False, True])
def test_interiors_make_objects_of_touching_disks(strokes, tmp_path):
    image, labels = disks(count=40)
    painted = interiors(labels)
    if strokes:
        painted[np.arange(128) % 8 > 1] = 0
    steps = train_segmenter([image], [painted], budget=Budget(steps=150),
                            options=replace(SMALL, task="interiors"))  # fmt: skip
    model = list(steps)[-1].segmenter()
    better = tuned(model, [image], [painted])
    assert bool(better.thresholds) is not strokes  # strokes say not where objects end
    better.save(tmp_path / "model.morphogen")
    loaded = Segmenter.load(tmp_path / "model.morphogen")
    assert loaded.classes == ("background", "interior", "border")
    unseen, truth = disks(1, count=40)
    foreground = ndimage.label(truth)[1]
    assert foreground < truth.max()  # some touch
    found = object_scores(objects_by(loaded, unseen).labels, truth).at(0.7)
    assert found.tp >= 0.95 * truth.max() and found.fp <= 1


def test_strokes_of_unknown_numbers_are_no_interiors():
    for painted in ([[1, 2, 4]], [[1, 3, 3]]):
        with pytest.raises(InputError, match="2 inside objects"):
            Training([np.ones((1, 3))], [np.array(painted)],
                     options=replace(SMALL, task="interiors"))  # fmt: skip


def test_what_is_painted_later_is_always_learnt_from():
    from napari_morphogen.nn.examples import held_out, parted, prepared

    image, labels = disks()
    few = strokes(labels)
    before = prepared([image], [few], task="semantic").examples
    masks = held_out(before, 0.3, 0)
    assert masks[0].any() and not (masks[0] & (few == 0)).any()
    full = prepared([image], [labels + 1], task="semantic").examples
    (learnt,), (measured,) = parted(full, masks)
    np.testing.assert_array_equal(measured.targets[0] > 0, masks[0])
    np.testing.assert_array_equal(learnt.targets[0] > 0, ~masks[0])
    learnt, _ = parted([*full, *full], masks)  # an image more is learnt from, too
    assert len(learnt) == 2 and (learnt[1].targets[0] > 0).all()
