"""Generators: what they learn, keep and refuse."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_morphogen.nn.generator import Generator, GeneratorConfig, family
from napari_morphogen.nn.generator_options import GeneratorOptions
from napari_morphogen.nn.generator_patches import (
    Pool,
    Range,
    Source,
    patch_shape,
    value_range,
)
from napari_morphogen.nn.generator_split import split
from napari_morphogen.nn.generator_training import GeneratorTraining
from napari_morphogen.nn.train import Budget
from napari_morphogen.params import InputError

KINDS = ("vae", "flow", "dcgan", "stylegan")
SMALL = GeneratorOptions(patch=16, batch=8, width=8, rotations=False, foreground=0)


def images(count=6, shape=(24, 24), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(100, 10, (1, *shape)) for _ in range(count)]


def trained(kind, given=None, steps=3, finish=True, **words):
    options = replace(SMALL, kind=kind)
    training = GeneratorTraining(given or images(), options=options, **words)
    for _ in training.run(Budget(steps=steps)):
        pass
    if finish:
        training.finish()
    return training


def discs(count=40, seed=0):
    """Return images with a bright disc on the left (class 0) or on the right."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    found, classes = [], []
    for number in range(count):
        column = 4 if number % 2 == 0 else 11
        disc = np.hypot(rows - 8 - rng.uniform(-1, 1), columns - column) < 3
        found.append((disc + rng.normal(0, 0.02, disc.shape))[None])
        classes.append(number % 2)
    return found, classes


def right_of(samples):
    """Return how much brighter the right half of images is than the left."""
    return samples[..., 8:].mean(axis=(1, 2, 3)) - samples[..., :8].mean(axis=(1, 2, 3))


# ---- what patches are learnt from


def test_range_goes_there_and_back():
    image = np.random.default_rng(0).uniform(5, 9, (2, 30, 30))
    found = value_range([image])
    inside = found.inside(image)
    assert inside.min() == -1
    assert inside.max() == 1
    again = found.outside(inside[None])[0]
    assert np.abs(again - image).mean() < 0.01


def test_images_are_split_whole():
    sources = [Source(np.zeros((1, 20, 20), np.float32), i, i) for i in range(10)]
    kept, unseen = split(sources, (16, 16), 0.2, seed=0)
    assert len(kept) == 8
    assert len(unseen) == 2
    assert {s.number for s in kept}.isdisjoint(s.number for s in unseen)


def test_a_single_image_is_split_with_a_gap():
    values = np.arange(100, dtype=np.float32) * np.ones((1, 20, 1), np.float32)
    (kept,), (unseen,) = split([Source(values, 0, 0)], (16, 16), 0.2, seed=0)
    assert unseen.values.min() - kept.values.max() > 8
    assert split([Source(values[..., :39], 0, 0)], (16, 16), 0.2, seed=0)[1] == []


def test_frames_of_one_movie_are_learnt_from_all_or_not_at_all():
    values = np.zeros((1, 20, 20), np.float32)
    sources = [Source(values, i, i // 10) for i in range(50)]  # five movies
    kept, unseen = split(sources, (16, 16), 0.2, seed=0)
    assert len(kept) == 40
    assert {s.group for s in kept}.isdisjoint(s.group for s in unseen)


def test_a_single_movie_is_split_in_time_with_a_gap():
    values = np.zeros((1, 20, 20), np.float32)
    kept, unseen = split(
        [Source(values, i, 0) for i in range(20)], (16, 16), 0.2, seed=0
    )
    assert [s.number for s in unseen] == [16, 17, 18, 19]
    assert max(s.number for s in kept) < 15
    few = [Source(values, i, 0) for i in range(2)]
    assert split(few, (16, 16), 0.2, seed=0) == (few, [])


def test_patches_with_something_in_them_come_more_often():
    values = -np.ones((1, 200, 200), np.float32)
    values[:, :40, :40] = 1
    rng = np.random.default_rng(0)
    for foreground, least in ((0.0, 0.0), (0.05, 0.25)):
        found, _ = Pool([Source(values, 0, 0)], (16, 16), foreground).draw(200, rng)
        share = (found.max(axis=(1, 2, 3)) > 0).mean()
        assert share > least
        assert foreground > 0 or share < 0.15


def test_volumes_give_flatter_patches():
    assert patch_shape(16, [np.zeros((1, 40, 40, 40))]) == (8, 16, 16)
    assert patch_shape(16, [np.zeros((1, 3, 40, 40))]) == (3, 16, 16)


@pytest.mark.parametrize(
    ("given", "words", "says"),
    [
        ([], {}, "no image"),
        (images(shape=(10, 40)), {}, "do not fit"),
        ([np.ones((1, 24, 24))] * 3, {}, "everywhere"),
        (images(1, (16, 17)), {}, "only 2 different patches"),
        ([*images(2), np.zeros((2, 24, 24))], {}, "channel"),
        (images(), {"classes": [0] * 6, "class_names": ["a"]}, "two"),
        (images(), {"classes": [0] * 5 + [1], "class_names": "ab"}, "at least 2"),
        (images(), {"classes": [0] * 5 + [-1], "class_names": "ab"}, "from 0"),
        (images(shape=(8, 24, 24)), {}, "planes"),
    ],
)
def test_what_cannot_be_learnt_from_is_said(given, words, says):
    with pytest.raises(InputError, match=says):
        GeneratorTraining(given, options=replace(SMALL, kind="flow"), **words)


@pytest.mark.parametrize("patch", [8, 20])
def test_patch_sizes_that_networks_cannot_make_are_refused(patch):
    with pytest.raises(InputError, match="multiple of 8"):
        GeneratorTraining(images(), options=replace(SMALL, patch=patch))


def test_cvae_needs_classes():
    with pytest.raises(InputError, match="give the class"):
        GeneratorTraining(images(), options=replace(SMALL, kind="cvae"))


@pytest.mark.parametrize("dtype", [">u2", np.int16, bool])
def test_any_dtype_is_learnt_from(dtype):
    given = [(np.round(image) % 2**14).astype(dtype) for image in images()]
    if dtype is bool:
        given = [image > 100 for image in images()]
    assert np.isfinite(
        trained("vae", given, 1, finish=False).generator().sample(2)
    ).all()


def test_broken_pixels_are_no_part_of_samples():
    given = images()
    given[0][0, :3, :3] = np.nan
    given[1][0, 5, 5] = np.inf
    assert np.isfinite(trained("vae", given).generator().sample(4)).all()


# ---- what they learn


def test_vae_puts_two_kinds_of_images_apart():
    found, classes = discs()
    training = trained("vae", found, 150)
    network = training.generator().network()
    values = torch.from_numpy(np.concatenate(found)[:, None].astype(np.float32))
    with torch.no_grad():
        codes = network.encode(2 * values - 1, None)[0].numpy()
    left, right = codes[::2].mean(axis=0), codes[1::2].mean(axis=0)
    nearer = np.linalg.norm(codes - right, axis=1) < np.linalg.norm(
        codes - left, axis=1
    )
    assert (nearer == np.array(classes)).all()


@pytest.mark.parametrize(("kind", "steps"), [("cvae", 200), ("flow", 150)])
def test_samples_are_of_the_class_that_was_asked_for(kind, steps):
    found, classes = discs()
    training = trained(
        kind, found, steps, classes=classes, class_names=("left", "right")
    )
    made = training.generator().sample(40, condition=[0] * 20 + [1] * 20)
    assert ((right_of(made) > 0) == ([False] * 20 + [True] * 20)).mean() >= 0.9


@pytest.mark.parametrize(("kind", "steps"), [("vae", 250), ("flow", 280)])
def test_samples_are_as_often_of_a_kind_as_the_images(kind, steps):
    found, classes = discs(80)
    third = [
        one for number, one in enumerate(found) if classes[number] or number % 4 == 0
    ]
    made = trained(kind, third, steps).generator().sample(120, seed=3)
    contrast = np.abs(right_of(made))
    assert np.median(contrast) > 0.5 * np.median(np.abs(right_of(np.stack(third))))
    assert 0.45 < (right_of(made) > 0).mean() < 0.85  # two thirds


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_intensities_of_the_images(kind):
    given = [1000 + 50 * image for image in discs(20)[0]]
    made = trained(kind, given, 60).generator().sample(8)
    assert 990 < np.median(made) < 1030


def test_volumes_become_volumes():
    given = images(4, (8, 24, 24))
    made = trained("vae", given).generator().sample(2)
    assert made.shape == (2, 1, 8, 16, 16)


# ---- the same again


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_samples(kind):
    one, two = (trained(kind).generator() for _ in range(2))
    np.testing.assert_array_equal(one.sample(3, seed=5), two.sample(3, seed=5))
    assert not np.array_equal(one.sample(3, seed=5), one.sample(3, seed=6))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_does_not_depend_on_how_many_are_made(kind):
    made = trained(kind).generator()
    many = made.sample(5, seed=1, batch=2)
    np.testing.assert_allclose(made.sample(3, seed=1), many[:3], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_no_truncation_left_is_one_image_only(kind):
    made = trained(kind).generator().sample(3, truncation=0)
    np.testing.assert_allclose(made[0], made[1], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_training_equals_an_uninterrupted_one(kind, tmp_path):
    options = replace(SMALL, kind=kind)
    whole = GeneratorTraining(images(), options=options)
    for progress in whole.run(Budget(steps=20), every=1):
        if progress.step in (7, 18):
            whole.save(tmp_path / f"{progress.step}.training")
    for step in (7, 18):
        rest = GeneratorTraining(images(), options=options)
        rest.restore(tmp_path / f"{step}.training")
        assert rest.position[0] == step
        for _ in rest.run(Budget(steps=20)):
            pass
        one, two = whole.learner.state(), rest.learner.state()
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_interrupted_trainings_of_others_are_refused(tmp_path):
    trained("vae").save(tmp_path / "a.training")
    other = GeneratorTraining(images(), options=replace(SMALL, kind="flow"))
    with pytest.raises(InputError, match="no interrupted training"):
        other.restore(tmp_path / "a.training")
    other = GeneratorTraining(images(), options=replace(SMALL, kind="vae", seed=1))
    with pytest.raises(InputError, match="its seed is 0, not 1; choose that again"):
        other.restore(tmp_path / "a.training")


def test_divergence_is_taken_back_and_told():
    training = GeneratorTraining(images(), options=replace(SMALL, kind="vae"))
    learner, rate = training.learner, training.learner.rate

    class Diverges:
        def __getattr__(self, name):
            return getattr(learner, name)

        def __setattr__(self, name, value):
            setattr(learner, name, value)

        def __call__(self, number, share):
            if number == 5 and learner.rate == rate:
                for value in learner.network.parameters():
                    value.data.fill_(torch.nan)
            return learner(number, share)

    training.learner = Diverges()
    for _ in training.run(Budget(steps=8)):
        pass
    assert "step 5" in training.note
    assert np.isfinite(training.generator().sample(2)).all()
    assert learner.rate == rate / 2


# ---- files


@pytest.mark.parametrize("kind", KINDS)
def test_saved_generators_make_the_same_samples(kind, tmp_path):
    made = trained(kind, spacing=(0.5, 0.25)).generator({"card": {"texture": 0.5}})
    made.save(tmp_path / "m.morphogen")
    again = Generator.load(tmp_path / "m.morphogen")
    np.testing.assert_array_equal(made.sample(2), again.sample(2))
    assert again.spacing == (0.5, 0.25)
    assert again.record["steps"] == 3
    assert again.record["card"] == {"texture": 0.5}


def test_hostile_files_are_refused(tmp_path):
    path = tmp_path / "m.morphogen"
    trained("vae").generator().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="usable"):
        Generator.load(path)
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="usable"):
        Generator.load(path)
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + length])
    assert "pickle" not in str(header)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "segmenter"},
        {"range": [[0.0], [float("nan")]]},
        {"range": [[0.0, 1.0], [1.0, 2.0]]},
        {"network": {}},
    ],
)
def test_headers_that_do_not_fit_are_refused(change):
    made = trained("vae").generator()
    header = {"kind": "generator", **made.header()} | change
    with pytest.raises(InputError, match="usable generator"):
        Generator.of(header, made.weights, "file")


@pytest.mark.parametrize("shape", [[33, 33], [8, 16, 16]])
def test_shapes_that_a_network_cannot_make_are_refused(shape):
    made = trained("flow").generator()
    header = {"kind": "generator", **made.header()}
    header["network"] = header["network"] | {"shape": shape}
    with pytest.raises(InputError, match="usable generator"):
        Generator.of(header, made.weights, "file")


@pytest.mark.parametrize(
    "change",
    [{"width": 10**9}, {"kind": "magic"}, {"shape": [10**6, 10**6]}, {"latent": 7}],
)
def test_architectures_that_do_not_fit_allocate_nothing(change):
    made = trained("vae").generator()
    header = {"kind": "generator", **made.header()}
    header["network"] = header["network"] | change
    with pytest.raises(InputError, match="usable generator"):
        Generator.of(header, made.weights, "file")


def test_unknown_kinds_and_classes_are_said():
    with pytest.raises(InputError, match="magic"):
        family("magic")
    config = GeneratorConfig("cvae", shape=(16, 16), width=4, latent=2, classes="ab")
    network = family("cvae").build(config)
    made = Generator(config, network.state_dict(), Range((0.0,), (1.0,)))
    with pytest.raises(InputError, match="0 a, 1 b"):
        made.sample(2, condition=[0, 2])
    assert made.sample(0).shape == (0, 1, 16, 16)
    with pytest.raises(InputError, match="no classes"):
        trained("vae").generator().sample(2, condition=[0, 1])
