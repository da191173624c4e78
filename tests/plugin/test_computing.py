"""Where large images are computed: chosen, tested, remembered."""

from napari_morphogen.plugin import settings
from napari_morphogen.plugin.settings import Computing


def test_choice_is_remembered(open_dock, tmp_path, until):
    dock = open_dock("Large images")
    assert settings.computing() == Computing()
    assert not dock.workers.visible
    assert not dock.scheduler.visible
    dock.where.value = "local workers"
    dock.workers.value = 3
    until(lambda: dock.workers.visible)
    dock.folder.line_edit.value = str(tmp_path)
    assert settings.computing() == Computing(3, "", str(tmp_path))
    dock.where.value = "a scheduler"
    dock.scheduler.value = " tcp://10.0.0.1:8786 "
    assert settings.computing() == Computing(0, "tcp://10.0.0.1:8786", str(tmp_path))


def test_edited_settings_are_left_out():
    settings._store().setValue("computing", '{"workers": "many"}')
    assert settings.computing() == Computing()


def test_local_workers_answer(open_dock, until):
    dock = open_dock("Large images")
    dock.where.value = "local workers"
    dock.workers.value = 1
    dock.test.changed.emit(True)
    assert "Waiting" in dock.status.value
    until(lambda: "1 worker answered, with" in dock.status.value, 60)


def test_silent_scheduler_is_said(open_dock, until):
    dock = open_dock("Large images")
    dock.where.value = "a scheduler"
    dock.test.changed.emit(True)
    assert dock.status.value == "Enter the address of a dask scheduler."
    dock.scheduler.value = "nonsense"
    dock.test.changed.emit(True)
    until(lambda: "No dask scheduler answers at nonsense" in dock.status.value, 60)
