"""Classes learned from strokes, against SciPy, scikit-learn and known answers."""

import pickle

import numpy as np
import pytest
from scipy import ndimage, stats

from napari_morphogen import features
from napari_morphogen.params import InputError
from napari_morphogen.segment.examples import (
    fit_forest,
    fit_nearest,
    nearest_class,
    random_forest,
)

METHODS = {nearest_class: fit_nearest, random_forest: fit_forest}
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def _scene(shape=(60, 90), seed=0):
    """Return stripes of three kinds: dark, bright, and rough between; the truth."""
    noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    truth = np.zeros(shape, int) + np.arange(shape[-1]) * 3 // shape[-1] + 1
    rough = np.where(noise > 0, 1.0, 0.0)
    image = np.choose(truth - 1, [0.1 + 0 * noise, 0.9 + 0 * noise, rough])
    return (image + 0.05 * noise).astype(np.float32), truth


def _strokes(truth, numbers=(1, 2, 3), height=4):
    """Return one stroke across most of every stripe."""
    strokes = np.zeros(truth.shape, np.int32)
    step = truth.shape[-1] // 3
    for k, number in enumerate(numbers):
        columns = slice(step * k + step // 6, step * (k + 1) - step // 6)
        strokes[..., 20 : 20 + height, columns] = number
    return strokes


def _sample(image, strokes, spacing=(), channel_axis=None):
    words = {"spacing": spacing, "channel_axis": channel_axis}
    return {"image": image, "strokes": strokes, **words}


def _agreement(labels, truth):
    return (labels == truth)[..., 5:-5].mean()


@every
@pytest.mark.parametrize("shape", [(60, 90), (5, 40, 90)], ids=str)
def test_three_kinds_of_stripes_are_told_apart(method, shape):
    image, truth = _scene(shape)
    result = method(image, strokes=_strokes(truth), scales=4)
    assert result.labels.dtype == np.int32
    assert _agreement(result.labels, truth) > 0.85
    assert result.probability.shape == (3, *shape)
    assert result.probability.dtype == result.uncertainty.dtype == np.float32
    np.testing.assert_allclose(result.probability.sum(axis=0), 1, atol=1e-5)
    first, second = np.sort(result.probability, axis=0)[:-3:-1]
    np.testing.assert_allclose(result.uncertainty, 1 - (first - second), atol=1e-6)
    at = result.labels[None] - 1
    chosen = np.take_along_axis(result.probability, at, axis=0)[0]
    np.testing.assert_allclose(chosen, first, atol=2e-6)


@pytest.mark.parametrize("covariance", ["shared", "own"])
@pytest.mark.parametrize("distance", ["mahalanobis", "euclidean"])
def test_probabilities_are_those_of_scipys_normal_distributions(distance, covariance):
    image, truth = _scene()
    strokes = _strokes(truth)
    span = image.max() - image.min()
    stack = features.multiscale((image - image.min()) / span, sigmas=(0.5, 1))
    pixels = stack.reshape(len(stack), -1).T.astype(float)
    painted = strokes.ravel()
    known = pixels[painted > 0]
    pixels = (pixels - known.mean(axis=0)) / known.std(axis=0)
    groups = [pixels[painted == k] for k in (1, 2, 3)]
    spreads = np.array([np.cov(group.T, bias=True) for group in groups])
    shared = np.broadcast_to(spreads.mean(axis=0), spreads.shape)
    spreads = shared if covariance == "shared" else (spreads + shared) / 2
    spreads = spreads + 0.3 * np.eye(len(stack))
    if distance == "euclidean":
        spreads = np.broadcast_to(np.eye(len(stack)), spreads.shape)
    logs = [
        stats.multivariate_normal(group.mean(axis=0), spread).logpdf(pixels)
        for group, spread in zip(groups, spreads, strict=True)
    ]
    expected = np.exp(logs - np.max(logs, axis=0))
    expected /= expected.sum(axis=0)
    given = {"distance": distance, "covariance": covariance}
    found = nearest_class(image, strokes=strokes, **given, scales=2, sigma=0)
    np.testing.assert_allclose(
        found.probability.reshape(3, -1), expected, rtol=1e-4, atol=1e-5
    )


def test_forest_is_that_of_scikit_learn():
    from sklearn.ensemble import RandomForestClassifier

    image, truth = _scene()
    strokes = _strokes(truth)
    span = image.max() - image.min()
    stack = features.multiscale((image - image.min()) / span, sigmas=(0.5, 1))
    pixels, painted = stack.reshape(len(stack), -1).T, strokes.ravel()
    forest = RandomForestClassifier(
        9, max_depth=4, class_weight="balanced_subsample", random_state=5
    )
    forest.fit(pixels[painted > 0], painted[painted > 0])
    expected = forest.predict_proba(pixels).T.astype(np.float32)
    given = {"n_trees": 9, "max_depth": 4, "seed": 5, "scales": 2, "sigma": 0}
    found = random_forest(image, strokes=strokes, **given)
    np.testing.assert_array_equal(found.probability.reshape(3, -1), expected)


@every
def test_classes_are_numbered_by_the_rank_of_what_is_painted(method):
    image, truth = _scene()
    plain = method(image, strokes=_strokes(truth))
    for numbers in ((3, 7, 4000), (-5, 0.5, 2)):
        strokes = np.zeros(truth.shape)
        for k, number in enumerate(numbers, start=1):
            strokes[_strokes(truth) == k] = number
        other = method(image, strokes=strokes)
        for one, two in zip(plain, other, strict=True):
            np.testing.assert_array_equal(one, two)


@every
@pytest.mark.parametrize("painted", [(), (4,)], ids=["nothing", "one class"])
def test_two_classes_must_be_painted(method, painted):
    image, truth = _scene()
    strokes = np.zeros(truth.shape, int)
    strokes[3, 4 : 4 + len(painted)] = painted
    with pytest.raises(InputError, match="paint at least two classes"):
        method(image, strokes=strokes)


@every
def test_broken_pixels_are_nothing_and_teach_nothing(method):
    image, truth = _scene()
    strokes = _strokes(truth)
    image[20:22, 10:50] = np.nan
    broken = ~np.isfinite(image)
    result = method(image, strokes=strokes)
    assert not result.labels[broken].any()
    assert not result.probability[:, broken].any()
    assert not result.uncertainty[broken].any()
    assert result.labels[~broken].all()
    without = method(image, strokes=np.where(broken, 0, strokes))
    np.testing.assert_array_equal(result.labels, without.labels)


@every
def test_a_class_painted_on_broken_pixels_only_is_nowhere(method):
    image, truth = _scene()
    strokes = _strokes(truth)
    image[strokes == 1] = np.nan
    result = method(image, strokes=strokes)
    assert result.probability.shape[0] == 3
    assert not result.probability[0].any()
    image[strokes != 0] = np.nan
    blind = method(image, strokes=strokes)
    whole = np.isfinite(image)
    np.testing.assert_allclose(blind.probability[:, whole], 1 / 3, rtol=1e-6)
    image[strokes != 2] = 0.5
    np.testing.assert_allclose(
        method(image, strokes=strokes).probability[1:2].max(), 0, atol=1e-6
    )


@every
def test_nothing_can_be_told_of_a_constant_image(method):
    strokes = _strokes(np.ones((40, 60), int), numbers=(1, 2, 2))
    result = method(np.full((40, 60), 7.0), strokes=strokes)
    assert (result.labels == 1).all()
    np.testing.assert_allclose(result.uncertainty, 1, atol=1e-6)


@every
def test_smoothing_takes_specks_away(method):
    image, truth = _scene()
    strokes = _strokes(truth)
    plain, soft = (method(image, strokes=strokes, sigma=s) for s in (0, 2))
    number = [ndimage.label(r.labels == 3)[1] for r in (plain, soft)]
    assert number[1] <= number[0]
    np.testing.assert_allclose(soft.probability.sum(axis=0), 1, atol=1e-5)
    expected = ndimage.gaussian_filter(plain.probability[0], 2, mode="nearest")
    np.testing.assert_allclose(soft.probability[0], expected, atol=1e-5)


@every
def test_channels_are_used_together(method):
    grey, truth = _scene()
    # neither channel tells all three stripes apart
    image = np.stack([truth == 1, truth == 2], axis=1) + 0.01 * grey[:, None]
    strokes = _strokes(truth)
    result = method(image, strokes=strokes, scales=1, channel_axis=1)
    assert _agreement(result.labels, truth) > 0.85
    assert result.labels.shape == truth.shape


@every
def test_geometry_is_that_of_the_spacing(method):
    """An image of every second plane, its planes 2 apart, gives every second label."""
    _, truth = _scene((24, 40, 48))
    noise = np.random.default_rng(1).normal(size=truth.shape)
    soft = ndimage.gaussian_filter(noise, 2.5, mode="nearest") * 20
    image = truth + 0.3 * soft
    strokes = _strokes(truth)
    whole = method(image, strokes=strokes, scales=3)
    thin = method(image[::2], strokes=strokes[::2], scales=3, spacing=(2.0, 1.0, 1.0))
    blind = method(image[::2], strokes=strokes[::2], scales=3)
    ratio = [
        np.abs(r.probability - whole.probability[:, ::2]).mean() for r in (thin, blind)
    ]
    assert ratio[0] < ratio[1]


@every
def test_a_single_plane_of_a_stack_gives_what_the_plane_gives(method):
    image, truth = _scene()
    strokes = _strokes(truth)
    flat = method(image, strokes=strokes)
    deep = method(image[None], strokes=strokes[None], spacing=(1.0, 1.0, 1.0))
    np.testing.assert_array_equal(deep.labels[0], flat.labels)
    np.testing.assert_array_equal(deep.probability[:, 0], flat.probability)


# --- learned once, used on every frame


@every
def test_what_is_learned_is_used_on_frames_without_strokes(method):
    image, truth = _scene()
    model = METHODS[method]([_sample(image, _strokes(truth))])
    own = method(image, strokes=_strokes(truth))
    other, _ = _scene(seed=9)
    nothing = np.zeros(truth.shape, int)
    for again in (model, pickle.loads(pickle.dumps(model))):
        same = method(image, strokes=nothing, model=again)
        for one, two in zip(own, same, strict=True):
            np.testing.assert_array_equal(one, two)
        found = method(other, strokes=nothing, model=again)
        assert _agreement(found.labels, truth) > 0.85


@every
def test_classes_may_be_painted_on_different_frames(method):
    image, truth = _scene()
    other, _ = _scene(seed=3)
    strokes = _strokes(truth)
    one = _sample(image, np.where(strokes == 2, 0, strokes))
    two = _sample(other, np.where(strokes == 2, 2, 0))
    model = METHODS[method]([one, two])
    for frame in (image, other):
        found = method(frame, strokes=np.zeros_like(strokes), model=model)
        assert _agreement(found.labels, truth) > 0.85


@every
def test_a_frame_of_another_range_is_measured_on_the_same_scale(method):
    image, truth = _scene()
    model = METHODS[method]([_sample(image, _strokes(truth))])
    brighter = image.copy()
    brighter[0, 0] = 50  # one hot pixel must not move what the others mean
    plain, hot = (
        method(i, strokes=np.zeros_like(truth), model=model, scales=5)
        for i in (image, brighter)
    )
    far = (slice(45, None), slice(None))  # beyond the reach of its Gaussians
    assert (plain.labels == hot.labels)[far].mean() > 0.99
    dimmer = image.copy()
    dimmer[truth == 2] = 0.1  # no bright stripe: nothing is called bright
    found = method(dimmer, strokes=np.zeros_like(truth), model=model)
    assert (found.labels[truth == 2] == 2).mean() < 0.1


@every
def test_nothing_painted_anywhere_is_no_model(method):
    assert METHODS[method]([]) is None


@every
def test_other_channels_than_learned_from_are_named(method):
    image, truth = _scene()
    model = METHODS[method]([_sample(image, _strokes(truth))])
    with pytest.raises(InputError, match=r"1 channels.* 2"):
        method(np.stack([image, image]), strokes=truth, model=model, channel_axis=0)


# --- speed and memory


@every
def test_a_new_stroke_measures_nothing_anew(method, monkeypatch):
    image, truth = _scene(seed=77)
    features.clear()
    method(image, strokes=_strokes(truth))

    def refuse(*args, **kwargs):
        raise AssertionError("measured again")

    monkeypatch.setattr(features, "multiscale", refuse)
    method(image, strokes=_strokes(truth, height=6))
    with pytest.raises(AssertionError, match="measured again"):
        method(image + truth, strokes=_strokes(truth))


@every
def test_images_beyond_memory_are_classified_piece_by_piece(method, monkeypatch):
    image, truth = _scene((400, 40))
    strokes = _strokes(truth, height=6)
    whole = method(image, strokes=strokes, scales=3, sigma=1)
    monkeypatch.setattr(features, "PIECE_BYTES", 400 * 40 * 4 * 12 // 3)
    again = method(image, strokes=strokes, scales=3, sigma=1)
    for one, two in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one, two)


@every
def test_more_paint_than_needed_is_thinned(method, monkeypatch):
    from napari_morphogen.segment import examples

    image, truth = _scene()
    monkeypatch.setattr(examples, "MOST_NEAREST", 50)
    monkeypatch.setattr(examples, "MOST_FOREST", 50)
    found = method(image, strokes=truth)
    assert _agreement(found.labels, truth) > 0.85
