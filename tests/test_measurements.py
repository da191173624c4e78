"""Measurements against scikit-image and known answers."""

import csv

import numpy as np
import pytest
from skimage.measure import label, regionprops_table

from napari_morphogen import SpatialArray
from napari_morphogen.measurements import measure, save_csv, tables
from napari_morphogen.params import InputError

COLUMNS = {
    "label": "label",
    "pixels": "num_pixels",
    "equivalent_diameter": "equivalent_diameter_area",
    "axis_major_length": "axis_major_length",
    "axis_minor_length": "axis_minor_length",
    "intensity_mean": "intensity_mean",
    "intensity_std": "intensity_std",
    "intensity_min": "intensity_min",
    "intensity_max": "intensity_max",
}


@pytest.fixture(params=[(60, 70), (14, 30, 40)], ids=["2-D", "3-D"])
def objects(request, blobs):
    intensity = blobs(request.param, seed=3)
    return label(intensity > 0.55).astype(np.int32) * 3, intensity


@pytest.mark.parametrize("coarse", [1.0, 2.5], ids=["isotropic", "anisotropic"])
def test_columns_equal_those_of_scikit_image(objects, coarse):
    labels, intensity = objects
    spacing = (coarse,) + (0.5,) * (labels.ndim - 1)
    axes = "zyx"[-labels.ndim :]
    found = measure(SpatialArray(labels, axes, scale=spacing), intensity)
    names = [*COLUMNS.values(), "area", "centroid"]
    expected = regionprops_table(labels, intensity, names, spacing=spacing)
    for ours, theirs in COLUMNS.items():
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-5, atol=1e-4)
    size = "area" if labels.ndim == 2 else "volume"
    np.testing.assert_allclose(found[size], expected["area"])
    for number, axis in enumerate(axes):
        np.testing.assert_allclose(found[axis], expected[f"centroid-{number}"])


def test_a_box_has_the_answers_on_paper():
    labels = np.zeros((9, 9), np.uint16)
    labels[2:4, 1:7] = 65_535
    image = np.arange(81.0).reshape(9, 9)
    table = measure(SpatialArray(labels, "yx", scale=(3, 0.5)), image)
    assert table["pixels"] == 12
    assert table["area"] == 12 * 1.5
    assert (table["y"], table["x"]) == (2.5 * 3, 3.5 * 0.5)
    assert table["intensity_sum"] == image[2:4, 1:7].sum()


def test_broken_pixels_do_not_count_as_intensities():
    labels = np.array([[1, 1, 1, 2, 2]])
    image = np.array([[1.0, np.nan, 3.0, np.inf, np.nan]])
    table = measure(labels, image)
    np.testing.assert_array_equal(table["intensity_mean"], [2, np.nan])
    np.testing.assert_array_equal(table["intensity_sum"], [4, np.nan])


def test_time_points_and_channels_have_their_columns():
    labels = np.zeros((2, 8, 8), int)
    labels[0, 1:3, 1:3], labels[1, 4:6, 4:7] = 1, 5
    image = np.random.default_rng(0).random((2, 3, 8, 8))
    table = measure(SpatialArray(labels, "tyx"), SpatialArray(image, "tcyx"))
    assert table["t"].tolist() == [0, 1]
    assert table["label"].tolist() == [1, 5]
    for channel in range(3):
        expected = [
            image[0, channel, 1:3, 1:3].mean(),
            image[1, channel, 4:6, 4:7].mean(),
        ]
        np.testing.assert_allclose(table[f"intensity_mean_c{channel}"], expected)


@pytest.mark.parametrize("shape", [(5, 5), (0, 5), (1, 1)])
def test_nothing_there_gives_empty_columns(shape):
    table = measure(np.zeros(shape, int), np.zeros(shape))
    assert {len(column) for column in table.values()} == {0}
    assert "area" in table and "intensity_mean" in table


@pytest.mark.parametrize(
    "labels, image, sentence",
    [
        pytest.param(np.zeros((4, 4)), None, "float64", id="float labels"),
        pytest.param(
            np.ones((4, 4), int), np.zeros((4, 5)), r"\(4, 5\)", id="other shape"
        ),
    ],
)
def test_wrong_inputs_are_one_sentence(labels, image, sentence):
    with pytest.raises(InputError, match=sentence):
        list(tables(labels, image))


def test_csv_reads_back(tmp_path):
    table = measure(np.array([[1, 1, 0, 4]]), np.array([[0.5, 1.5, 9, 2]]))
    with save_csv(tmp_path / "table.csv", table).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["1", "4"]
    assert [float(row["intensity_mean"]) for row in rows] == [1.0, 2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
