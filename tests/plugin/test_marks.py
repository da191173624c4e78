"""Points, shapes and strokes become labels on the pixels that they mark."""

import numpy as np
import pytest
from napari.layers import Image, Labels, Points, Shapes

from napari_morphogen.plugin import marks

PLACE = {"scale": (2, 0.5), "translate": (10, -3)}


@pytest.fixture
def image():
    return Image(np.zeros((20, 30)), name="image", **PLACE)


def world(image, *pixels):
    return np.array([image.data_to_world(pixel) for pixel in pixels])


def test_points_are_numbered_and_lie_where_they_were_set(image):
    points = Points(world(image, (3, 4), (19, 29), (40, 2)))  # the last is outside
    drawn = marks.read(points, image, "yx")
    assert drawn.axes == "yx"
    expected = np.zeros((20, 30), int)
    expected[3, 4], expected[19, 29] = 1, 2
    np.testing.assert_array_equal(drawn.data, expected)


def test_points_keep_their_own_geometry(image):
    points = Points([(3.0, 4.0)], **PLACE)
    assert marks.read(points, image, "yx").data[3, 4] == 1


def test_points_of_a_plane_hold_in_every_plane():
    stack = Image(np.zeros((4, 9, 9)))
    drawn = marks.read(Points([(2, 5)]), stack, "zyx").data
    np.testing.assert_array_equal(np.argwhere(drawn), [(z, 2, 5) for z in range(4)])


def test_points_of_one_plane_stay_in_it():
    stack = Image(np.zeros((4, 9, 9)))
    drawn = marks.read(Points([(3, 2, 5)]), stack, "zyx").data
    np.testing.assert_array_equal(np.argwhere(drawn), [(3, 2, 5)])


def test_line_covers_the_pixels_between_its_ends(image):
    shapes = Shapes([world(image, (5, 2), (5, 20))], shape_type="line")
    drawn = marks.read(shapes, image, "yx").data
    np.testing.assert_array_equal(np.argwhere(drawn), [(5, x) for x in range(2, 21)])


def test_rectangle_is_filled_and_shapes_are_numbered_in_order(image):
    boxes = [world(image, (2, 2), (2, 6), (8, 6), (8, 2))]
    boxes.append(world(image, (10, 10), (10, 50), (30, 50), (30, 10)))
    drawn = marks.read(Shapes(boxes, shape_type="rectangle"), image, "yx").data
    assert (drawn[2:9, 2:7] == 1).all() and (drawn == 1).sum() == 7 * 5
    assert (drawn[10:, 10:] == 2).all()  # cut at the border


def test_ellipse_has_the_area_of_an_ellipse():
    image = Image(np.zeros((100, 100)))
    box = np.array([(20, 10), (20, 90), (70, 90), (70, 10)])
    drawn = marks.read(Shapes([box], shape_type="ellipse"), image, "yx").data
    assert drawn.sum() == pytest.approx(np.pi * 25 * 40, rel=0.04)
    assert drawn[45, 50] == 1 and drawn[21, 12] == 0


def test_path_has_no_inside(image):
    corner = world(image, (2, 2), (2, 12), (12, 12))
    drawn = marks.read(Shapes([corner], shape_type="path"), image, "yx").data
    assert drawn.sum() == 21 and drawn[4, 6] == 0


def test_labels_are_taken_as_they_are(image):
    painted = np.zeros((20, 30), np.uint8)
    painted[3, 3] = 7
    drawn = marks.read(Labels(painted, name="strokes", **PLACE), image, "yx")
    np.testing.assert_array_equal(drawn.data, painted)
    assert drawn.name == "strokes"


def labels(*shape):
    return Labels(np.zeros(shape, np.int32))


@pytest.mark.parametrize(
    "layers, expected",
    [
        pytest.param([], None, id="none"),
        pytest.param([labels(20, 30)], 0, id="one"),
        pytest.param([labels(20, 30), labels(20, 30)], None, id="either may be meant"),
        pytest.param([labels(20, 31), labels(20, 30)], 1, id="one of the shape"),
        pytest.param([labels(20, 31)], None, id="of another image"),
        pytest.param([Points(), labels(20, 30)], 1, id="labels before points"),
        pytest.param([Image(np.zeros((20, 30))), Shapes()], 1, id="drawn"),
        pytest.param([Points(), Shapes()], None, id="two drawn"),
    ],
)
def test_only_marks_of_an_image(image, layers, expected):
    found = marks.only([image, *layers], image, "yx")
    assert found is (None if expected is None else layers[expected])


def test_labels_without_channels_mark_an_image_with_them():
    drawn = labels(4, 5)
    channels = Image(np.zeros((2, 4, 5)))
    assert marks.only([drawn], channels, "cyx") is drawn
    assert marks.only([drawn], channels, "zyx") is None
    colours = Image(np.zeros((4, 5, 3)), rgb=True)
    assert marks.only([drawn], colours, "yx") is drawn
    assert marks.only([drawn], drawn, "yx") is None  # nothing marks itself
    assert marks.only([drawn], None, "") is None


def test_results_are_no_strokes(image):
    made = Labels(np.zeros((20, 30), np.int32), metadata={"morphogen": {}})
    assert marks.only([made], image, "yx") is made
    assert marks.only([made], image, "yx", results=False) is None
    painted = labels(20, 30)
    assert marks.only([made, painted], image, "yx", results=False) is painted
