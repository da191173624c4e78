import re

import pytest
from npe2 import PluginManifest

from napari_morphogen.plugin.start import PLUGIN, STARTS

CONTRIBUTED = PluginManifest.from_distribution(PLUGIN).contributions


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.dock)
def test_samples_and_docks_are_there(start):
    assert start.dock in [one.display_name for one in CONTRIBUTED.widgets]
    assert start.sample in ["", *(one.key for one in CONTRIBUTED.sample_data)]


def test_words_of_the_steps_are_on_the_docks(open_dock):
    """A step that says "Press X" has an X to press."""
    for start in STARTS:
        dock = open_dock(start.dock).native
        words = [b.text() for b in dock.findChildren(_button())]
        for step in start.steps:
            for pressed in step.split("Press ")[1:]:
                assert any(pressed.startswith(word) for word in words if word), step


def test_settings_of_the_steps_are_on_the_forms(viewer, open_dock):
    """A step that says "Set sigma to 2" has a sigma that can be 2."""
    found = 0
    for start in STARTS:
        if start.sample:
            viewer.open_sample(PLUGIN, start.sample)
        dock = open_dock(start.dock)
        if hasattr(dock, "form") and start.sample:
            dock.image.value = viewer.layers[-1]
        for step in start.steps:
            words = step.removeprefix("Set ") if step.startswith("Set ") else ""
            for pair in re.findall(r"([a-z ]+?) to ([a-z0-9.]*[a-z0-9])", words):
                name, value = pair[0].removeprefix(" and ").strip(), pair[1]
                if not hasattr(dock, "form") or value == "the":
                    continue
                if name == "channel":
                    dock.channel.value = value
                else:
                    row = dock.form[name.replace(" ", "_")]
                    row.value = value if value.isalpha() else float(value)
                found += 1
    assert found == 13


def _button():
    from qtpy.QtWidgets import QAbstractButton

    return QAbstractButton


def test_a_job_opens_its_sample_and_dock(viewer, open_dock):
    dock = open_dock("Start here")
    dock.job.value = "Separate objects that touch"
    assert "Set h to 0.5" in dock.steps.value
    dock.open.native.click()
    assert viewer.layers[0].ndim == 3
    assert any("Watershed" in name for name in viewer.window.dock_widgets)
    assert dock.job.native.isHidden() and not dock.steps.native.isHidden()
    dock.other.native.click()
    assert not dock.job.native.isHidden()


def test_own_images_stay_alone(viewer, open_dock):
    dock = open_dock("Start here")
    dock.own.value = True
    dock.open.native.click()
    assert not viewer.layers
    assert any("Threshold" in name for name in viewer.window.dock_widgets)


def test_the_menu_finds_the_dock_that_a_job_opened(viewer, open_dock):
    dock = open_dock("Start here")
    dock.own.value = True
    dock.open.native.click()
    dock.other.native.click()
    dock.open.native.click()
    found = [name for name in viewer.window.dock_widgets if "Threshold" in name]
    assert found == ["Threshold (Morphogen)"]  # as the menu calls it


def test_the_steps_leave_the_room_to_the_dock(viewer, open_dock, until):
    viewer.window.resize(1280, 720)
    dock = open_dock("Start here")
    dock.open.native.click()
    opened = viewer.window.dock_widgets["Threshold (Morphogen)"]
    area, steps = dock.native.viewport(), dock.steps.native
    until(lambda: opened.native.height() > 1.5 * dock.native.height())
    until(lambda: area.rect().contains(steps.geometry()))
    assert not dock.native.verticalScrollBar().isVisible()
    assert opened.native.rect().contains(opened.run.native.geometry())
