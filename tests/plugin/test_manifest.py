"""The manifest names what exists, and every family of methods has a dock."""

import pytest
from npe2 import PluginManifest

from napari_morphogen.registry import METHODS
from napari_morphogen.samples import SAMPLES


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution("napari-morphogen")


def test_manifest_is_valid_and_everything_it_names_can_be_imported(manifest):
    manifest.validate_imports()
    assert manifest.package_metadata.classifier.count("Framework :: napari") == 1


def test_every_family_has_a_dock_in_both_menus(manifest):
    docks = {w.display_name.lower(): w.command for w in manifest.contributions.widgets}
    others = [docks.pop("measure"), docks.pop("evaluate")]
    others += [docks.pop("do synthetic pairs help")]
    for name in ("start here", "inside a vae", "large images"):
        del docks[name]
    names = ("object classes", "train", "tune", "export", "train a generator")
    apart = [docks.pop(name) for name in names]
    assert set(docks) == {method.family for method in METHODS}
    menus = manifest.contributions.menus
    places = [f"napari/layers/{name}" for name in ("segment", "classify", "filter")]
    places += ["napari/file/new_layer"]
    found = [item.command for place in places for item in menus[place]]
    assert sorted(found) == sorted([*docks.values(), *apart])
    assert [item.command for item in menus["napari/layers/measure"]] == others


def test_every_sample_is_listed(manifest):
    keys = [sample.key for sample in manifest.contributions.sample_data]
    assert keys == [sample.__name__ for sample in SAMPLES]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_samples_open_in_their_place(sample, viewer):
    (layer,) = viewer.open_sample("napari-morphogen", sample.__name__)
    expected = sample()
    assert layer.data.shape == expected.data.shape
    assert layer.rgb == expected.rgb
    ndim = layer.ndim
    assert tuple(layer.scale) == expected.scale[:ndim]
    assert tuple(map(str, layer.units)) == expected.units[:ndim]


def test_docks_stand_in_the_menus(viewer):
    from napari._app_model import get_app_model

    menus = get_app_model().menus
    titles = {item.command.title for item in menus.get_menu("napari/layers/segment")}
    for dock in ("Threshold", "Edges", "Clustering", "Watershed"):
        assert f"{dock} (Morphogen)" in titles
    new = get_app_model().menus.get_menu("napari/file/new_layer")
    assert "Generate (Morphogen)" in {item.command.title for item in new}
    measure = get_app_model().menus.get_menu("napari/layers/measure")
    found = {item.command.title for item in measure}
    assert {"Measure (Morphogen)", "Evaluate (Morphogen)"} <= found
