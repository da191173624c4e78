import os
import sys

import pytest

NO_SCREEN = sys.platform == "linux" and not os.environ.get("DISPLAY")


@pytest.mark.skipif(NO_SCREEN, reason="without a screen no dock is tested")
def test_windows_can_be_shown(request):
    from qtpy.QtWidgets import QApplication, QWidget

    qtbot = request.getfixturevalue("qtbot")
    assert QApplication.primaryScreen() is not None
    window = QWidget()
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
