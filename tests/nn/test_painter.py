"""Painters: tiles without seams, seeds, and images that follow their labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_morphogen.nn.generator import Generator, GeneratorConfig, family
from napari_morphogen.nn.generator_options import GeneratorOptions
from napari_morphogen.nn.generator_patches import Range
from napari_morphogen.nn.generator_training import GeneratorTraining
from napari_morphogen.nn.latents import Latents
from napari_morphogen.nn.mask_maps import MAPS, mask_maps
from napari_morphogen.nn.painter import painting
from napari_morphogen.nn.train import Budget
from napari_morphogen.params import InputError

SMALL = GeneratorOptions("painter", patch=16, batch=8, width=8, foreground=0, seed=1)


def discs(count=6, shape=(40, 48), seed=0):
    """Return images of bright discs on dark ground, and the labels of these."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    images, labels = [], []
    for _ in range(count):
        found = np.zeros(shape, int)
        for number in range(1, 5):
            at = rng.uniform((5, 5), np.array(shape) - 5)
            found[np.hypot(rows - at[0], columns - at[1]) < rng.uniform(4, 7)] = number
        bright = 100 + 80 * (found > 0) + rng.normal(0, 4, shape)
        images.append(bright[np.newaxis])
        labels.append(found)
    return images, labels


def untrained(shape=(16, 16), width=8, channels=1):
    """Return a painter of random weights, the last layer's, too."""
    config = GeneratorConfig("painter", channels, shape, width, maps=MAPS)
    torch.manual_seed(0)
    network = family("painter").build(config)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.1)
    limits = Range((0.0,) * channels, (255.0,) * channels)
    return Generator(config, network.state_dict(), limits)


def last(items):
    *shares, image = items
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return image


@pytest.fixture(scope="module")
def training():
    images, labels = discs()
    options = replace(SMALL, width=16, rate=0.01)
    found = GeneratorTraining(images, labels=labels, options=options)
    for _ in found.run(Budget(steps=250)):
        pass
    found.finish()
    return found


def test_tiles_paint_what_the_whole_image_is():
    labels = discs(1, (130, 150))[1][0]
    model = untrained()
    whole = last(painting(model, labels, steps=2, tile=512))
    tiled = last(painting(model, labels, steps=2, tile=24))
    assert np.ptp(whole) > 20
    np.testing.assert_allclose(tiled, whole, atol=0.02)  # of 255


def test_a_pixel_depends_on_no_more_than_the_network_says():
    network = untrained().network()
    image = torch.randn(1, 1, 160, 160)
    maps = torch.randn(1, MAPS, 160, 160)
    other = image.clone()
    other[..., : 80 - network.reach, :] += 1
    now = torch.tensor([0.3])
    with torch.inference_mode():
        same = network(image, now, maps) == network(other, now, maps)
    assert same[..., 80:, :].all()
    assert not same.all()


def test_same_labels_and_seed_same_image():
    labels = discs(1)[1][0]
    model = untrained()
    first = last(painting(model, labels, seed=3, steps=2))
    np.testing.assert_array_equal(first, last(painting(model, labels, seed=3, steps=2)))
    assert np.abs(first - last(painting(model, labels, seed=4, steps=2))).mean() > 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (16, 16), (37, 29)])
def test_labels_of_any_size_are_painted(shape):
    found = last(painting(untrained(channels=2), np.ones(shape, bool), steps=1))
    assert found.shape == (2, *shape)
    assert np.isfinite(found).all()


def test_paintings_follow_their_labels(training):
    from skimage.filters import threshold_otsu

    model = training.generator()
    labels = discs(1, (70, 90), seed=9)[1][0]
    found = last(painting(model, labels))[0]
    inside = labels > 0
    assert found[inside].mean() > found[~inside].mean() + 40
    bright = found > threshold_otsu(found)
    dice = 2 * (bright & inside).sum() / (bright.sum() + inside.sum())
    assert dice > 0.9


def test_patches_and_their_maps_are_cut_and_turned_alike(training):
    images, maps = training.batch(5)
    assert images.shape == (8, 1, 16, 16)
    assert maps.shape == (8, MAPS, 16, 16)
    inside = maps[:, :1] > 0
    assert images[inside].min() > images[~inside].max()
    patches, same = (f(20, unseen=True) for f in (training.patches, training.maps))
    inside = same[:, :1] > 0
    assert patches[inside].min() > patches[~inside].max()


def test_maps_are_of_the_whole_objects():
    image = np.random.default_rng(0).random((1, 64, 64))
    labels = np.pad(np.ones((62, 62), int), 1)  # one object, larger than a patch
    found = GeneratorTraining([image], labels=[labels], options=SMALL)
    depths = torch.cat([found.batch(number)[1][:, 1] for number in range(4)])
    assert depths.amax((1, 2)).min() < 0.6  # alone, a patch would reach 1


def test_a_file_keeps_the_painter(training, tmp_path):
    model = training.generator()
    model.save(tmp_path / "m.morphogen")
    again = Generator.load(tmp_path / "m.morphogen")
    assert again.config == model.config
    maps = training.maps(2)
    np.testing.assert_array_equal(
        model.sample(2, condition=maps), again.sample(2, condition=maps)
    )


def test_files_of_before_have_no_maps():
    config = GeneratorConfig("vae", shape=(16, 16), width=4, latent=2)
    weights = family("vae").build(config).state_dict()
    header = Generator(config, weights, Range((0.0,), (1.0,))).header()
    header["kind"] = "generator"
    del header["network"]["maps"]
    assert Generator.of(header, weights, "old.morphogen").config == config
    header["network"]["maps"] = MAPS
    with pytest.raises(InputError, match=r"old\.morphogen"):
        Generator.of(header, weights, "old.morphogen")


def test_samples_need_maps(training):
    model = training.generator()
    with pytest.raises(InputError, match="give it labels to paint"):
        model.sample(2)
    with pytest.raises(InputError, match="maps of the shape"):
        model.sample(3, condition=training.maps(2))
    assert mask_maps(np.eye(16, dtype=int)).shape == training.maps(1)[0].shape


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "give the labels of every image"),
        ({"labels": discs(2)[1]}, "each of 6 images, but got 2"),
        ({"labels": discs(6, (40, 40))[1]}, r"\(40, 48\).*\(40, 40\)"),
        ({"labels": [one * 0 for one in discs()[1]]}, "0 everywhere"),
        ({"labels": [one * 0.5 for one in discs()[1]]}, "hold float64"),
        (
            {"labels": discs()[1], "classes": [0, 1] * 3, "class_names": "ab"},
            "classes or labels",
        ),
    ],
)
def test_what_cannot_be_learnt_is_told_in_a_sentence(words, says):
    with pytest.raises(InputError, match=says):
        GeneratorTraining(discs()[0], options=SMALL, **words)


def test_others_take_no_labels():
    images, labels = discs()
    options = replace(SMALL, kind="flow")
    with pytest.raises(InputError, match="learns from images alone"):
        GeneratorTraining(images, labels=labels, options=options)


def test_a_cvae_told_labels_follows_them():
    images, labels = discs(8)
    options = replace(SMALL, kind="cvae", latent=8, rate=0.005)
    training = GeneratorTraining(images, labels=labels, options=options)
    for _ in training.run(Budget(steps=120)):
        pass
    training.finish()
    maps = training.maps(12, unseen=True)
    model = training.generator()
    with pytest.raises(InputError, match="told labels"):
        Latents(model)
    found = model.sample(12, condition=maps)
    inside = maps[:, :1] > 0
    assert found[inside].mean() > found[~inside].mean() + 50
    assert ((found > 140) == inside).mean() > 0.9


def test_a_cvae_is_told_classes_or_labels():
    images, labels = discs()
    options = replace(SMALL, kind="cvae")
    words = {"classes": [0, 1] * 3, "class_names": ("a", "b")}
    with pytest.raises(InputError, match="or its labels"):
        GeneratorTraining(images, options=options)
    with pytest.raises(InputError, match="classes or labels"):
        GeneratorTraining(images, labels=labels, options=options, **words)
    assert GeneratorTraining(images, options=options, **words).config.maps == 0
