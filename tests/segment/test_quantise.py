"""Images in few colours: scikit-image's PSNR, known palettes, exact counts of bits."""

import numpy as np
import pytest
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from napari_morphogen.segment.clustering import kmeans
from napari_morphogen.segment.quantise import quantise_colours

NOTHING_LOST = 10 * np.log10(2.0**52)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("colours", [2, 7, 40])
def test_pixels_have_the_mean_colours_of_their_classes(axis, colours):
    image = np.moveaxis(data.astronaut()[::8, ::8], -1, axis)
    given = {"sigma": 0.0, "channel_axis": axis}
    found, _ = quantise_colours(image, colours=colours, **given)
    assert found.shape == image.shape and found.dtype == np.float32
    points = np.moveaxis(found, axis, -1).reshape(-1, 3)
    true = np.moveaxis(image, axis, -1).reshape(-1, 3)
    palette, of = np.unique(points, axis=0, return_inverse=True)
    assert len(palette) == colours
    for number, colour in enumerate(palette):
        mean = true[of.ravel() == number].mean(axis=0)
        np.testing.assert_allclose(mean, colour, rtol=1e-5)
    if colours <= 20:
        labels = kmeans(image, n_clusters=colours, **given)
        assert len(np.unique(np.stack([labels.ravel(), of.ravel()]), axis=1).T) == (
            colours
        )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_figures(dtype):
    image = data.coins()[:80, :90].astype(dtype)
    found, figures = quantise_colours(image, colours=9)
    span = float(image.max()) - float(image.min())
    expected = peak_signal_noise_ratio(
        image.astype(float), found.astype(float), data_range=span
    )
    assert figures["PSNR [dB]"] == pytest.approx(expected, rel=1e-5)
    bits = 8 * image.itemsize
    ratio = image.size * bits / (image.size * 4 + 9 * bits)
    assert figures["compression ratio"] == pytest.approx(ratio)


@pytest.mark.parametrize("value", [0, 1], ids=["few colours", "one colour"])
def test_nothing_is_lost_where_the_palette_is_large_enough(value):
    image = np.tile([[0, 50], [120, 255]], (5, 5)) * (1 - value) + value
    found, figures = quantise_colours(image.astype(np.uint8), colours=4)
    np.testing.assert_array_equal(found, image)
    assert figures["PSNR [dB]"] == pytest.approx(NOTHING_LOST)


def test_more_colours_are_nearer():
    image = data.astronaut()[::8, ::8]
    ratios = [
        quantise_colours(image, colours=n, channel_axis=2).figures["PSNR [dB]"]
        for n in (2, 8, 32, 128)
    ]
    assert ratios == sorted(ratios)


def test_broken_pixels_are_nothing():
    image = data.astronaut()[::16, ::16].astype(float)
    image[3, 4, 1] = np.nan
    found, figures = quantise_colours(image, channel_axis=2)
    assert not found[3, 4].any()
    assert np.isfinite(found).all() and np.isfinite(list(figures.values())).all()
    assert len(np.unique(found.reshape(-1, 3), axis=0)) == 17
    nothing = quantise_colours(np.full((4, 4), np.inf))
    assert not nothing.image.any()
    assert np.isfinite(list(nothing.figures.values())).all()
