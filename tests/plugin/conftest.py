import os
import sys
import tempfile
import time

import pytest

# a window that a person has left large would change what is seen, and how fast
os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")
SCREEN = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY"))


def pytest_ignore_collect(collection_path):
    """Leave out what needs a window where there is no screen; one test says so."""
    left_out = not SCREEN and collection_path.name != "test_screen.py"
    return (left_out and collection_path.suffix == ".py") or None


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """Keep the user's remembered parameters and models out of the tests."""
    from qtpy.QtCore import QSettings, QStandardPaths

    QSettings.setPath(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path)
    )
    data = str(tmp_path / "data")
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: data)


@pytest.fixture
def viewer(qtbot):
    import napari

    viewer = napari.Viewer(show=True)
    yield viewer
    viewer.close()


@pytest.fixture(scope="session", autouse=True)
def no_worker_outlives_the_tests():
    yield
    from napari_morphogen.worker import POOL

    POOL.close()


@pytest.fixture
def until(qtbot):
    """Wait for a condition while the window lives."""

    def wait(condition, seconds=30):
        qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    return wait


@pytest.fixture
def process_for(qtbot):
    def wait(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            qtbot.wait(10)

    return wait


@pytest.fixture
def open_dock(viewer):
    from napari_morphogen.plugin.opening import open_dock

    return lambda name: open_dock(viewer, name)
