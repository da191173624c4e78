import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.params import InputError
from napari_morphogen.segment.convolution import KERNELS, convolve, parsed, reach


def test_identity_changes_nothing(blobs):
    image = blobs((12, 10))
    np.testing.assert_array_equal(convolve(image, kernel="identity"), image)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("shape", [(14, 12), (4, 14, 12)], ids=["2-D", "3-D"])
def test_named_kernels_are_correlations_in_every_plane(name, shape, blobs):
    image = blobs(shape)
    planes = image.reshape(-1, *shape[-2:])
    weights = parsed(name)[0]
    expected = [ndimage.correlate(p, weights, mode="nearest") for p in planes]
    found = convolve(image, kernel=name)
    np.testing.assert_allclose(found, np.reshape(expected, shape), atol=1e-9)


def test_kernel_is_not_turned_around():
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    found = convolve(dot, kernel="0 0 0; 0 0 5; 0 0 0")
    assert found[2, 1] == 5 and found.sum() == 5


def test_planes_are_separated_by_bars(blobs):
    volume = blobs((6, 9, 8))
    found = convolve(volume, kernel="-1 | 0 | 1")
    np.testing.assert_allclose(found[1:-1], volume[2:] - volume[:-2], atol=1e-12)


def test_rows_may_end_in_line_breaks_and_commas_are_spaces():
    np.testing.assert_array_equal(parsed("1, 2\n3, 1e-1\n"), [[[1, 2], [3, 0.1]]])


@pytest.mark.parametrize(
    ("kernel", "text"),
    [
        ("1 2; 3", "equally long"),
        ("blurr", "'blurr'"),
        ("", "sharpen"),
        ("1 | ", "sharpen"),
        ("1/0", "'1/0'"),
        ("1/", "'1/'"),
        ("1/2/3", "'1/2/3'"),
        ("1e9", "'1e9'"),
        ("1e999999999", "'1e999999999'"),
        ("nan", "'nan'"),
        ("inf 1", "'inf'"),
        (" ".join(["1"] * 32), "at most 31"),
    ],
)
def test_wrong_kernel_is_named(kernel, text):
    with pytest.raises(InputError, match=text):
        convolve(np.zeros((5, 5)), kernel=kernel)


def test_volume_kernel_needs_a_volume():
    with pytest.raises(InputError, match="3 planes"):
        convolve(np.zeros((5, 5)), kernel="1 | 1 | 1")


def test_reach_is_half_the_longest_side():
    assert [reach(k) for k in ("1", "1 1 1", "1 1 1 1", "1|1|1|1|1")] == [0, 1, 2, 2]
