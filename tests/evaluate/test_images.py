import math

import numpy as np
import pytest

from napari_morphogen.evaluate import image_scores
from napari_morphogen.params import InputError

metrics = pytest.importorskip("skimage.metrics")


@pytest.mark.parametrize("shape", [(24, 30), (14, 20, 21)])
def test_figures_are_those_of_scikit_image(shape):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, shape).astype(np.uint8)
    image = np.clip(truth + rng.normal(0, 9, shape), 0, 255)
    found = image_scores(image, truth, data_range=255)
    wide = truth.astype(float)
    expected = metrics.peak_signal_noise_ratio(wide, image, data_range=255)
    assert found.psnr == pytest.approx(expected)
    expected = metrics.structural_similarity(
        wide,
        image,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert found.ssim == pytest.approx(expected)


def test_equal_images_and_their_range():
    ramp = np.tile(np.arange(16), (16, 1))
    found = image_scores(ramp, ramp)
    assert found.psnr == math.inf and found.ssim == pytest.approx(1)
    shifted = image_scores(ramp + 1.5, ramp)  # a tenth of the range of 15
    assert shifted.psnr == pytest.approx(20) and shifted.rmse == pytest.approx(1.5)
    assert image_scores(np.ones((8, 8)), np.zeros((8, 8))).psnr == 0


def test_type_and_order_do_not_matter():
    image, truth = np.random.default_rng(0).integers(0, 999, (2, 20, 20))
    plain = image_scores(image, truth).as_dict()
    other = image_scores(image.astype(">u2"), np.asfortranarray(truth))
    assert plain == pytest.approx(other.as_dict())
    assert plain == pytest.approx(image_scores(image[None], truth[None]).as_dict())


def test_channels_and_small_images():
    image, truth = np.random.default_rng(0).random((2, 3, 20, 20))
    pairs = zip(image, truth, strict=True)
    each = [image_scores(a, b, data_range=1).ssim for a, b in pairs]
    found = image_scores(image, truth, data_range=1, channel_axis=0)
    assert found.ssim == pytest.approx(np.mean(each))
    assert math.isnan(image_scores(image[:, :2], truth[:, :2], channel_axis=0).ssim)
    assert np.isfinite(image_scores(image[0, :5, :4], truth[0, :5, :4]).ssim)
    assert image_scores(image[:0], truth[:0]).rmse == 0


def test_wrong_inputs_are_named():
    with pytest.raises(InputError, match=r"\(2, 3\).*\(3, 2\)"):
        image_scores(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(InputError, match="`image` holds NaN"):
        image_scores(np.array([np.nan]), np.array([1.0]))
    with pytest.raises(InputError, match="complex"):
        image_scores(np.array([1j]), np.array([1.0]))
    with pytest.raises(InputError, match=r"data_range.*-1"):
        image_scores([1], [1], data_range=-1)
