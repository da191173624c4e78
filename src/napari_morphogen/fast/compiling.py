"""The process that compiles the kernels: ``python -m napari_morphogen.fast.compiling``.

It ends when its standard input closes, which is when whoever started it is gone.
"""

import os
import sys
import threading

from napari_morphogen.fast.modules import compile_all

NICENESS = 10


def main() -> None:
    """Compile all kernels at the lowest priority."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    compile_all()


def _wait_for_the_end() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
