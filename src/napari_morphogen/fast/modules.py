"""Which kernels can be used now, and compiling the others beside the work.

Compiling takes longer than the plain way of a first run. So it is done once, in a
process of its own and for good: a file beside numba's cache says that it is done.
``MORPHOGEN_NUMBA=off`` keeps to the plain way; ``=now`` compiles where a kernel is
first needed.
"""

import atexit
import hashlib
import os
import subprocess
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

MODULES = (
    "smoothing",
    "edges",
    "density",
    "properties",
    "envelopes",
    "domes",
    "ranks",
    "floods",
    "contours",
    "filterbank",
)
FOLDER = Path(__file__).parent
# what absent, half-installed or mismatched packages raise at import
BROKEN = (
    ImportError,
    OSError,
    RuntimeError,
    AttributeError,
    TypeError,
    ValueError,
    SystemError,
)
SWITCH = "MORPHOGEN_NUMBA"
_lock = threading.Lock()
_compiled: set[str] = set()


def module(name: str) -> ModuleType | None:
    """Return a module of kernels when it can be used without waiting, else None.

    Parameters
    ----------
    name : str
        One of `MODULES`.
    """
    wish = os.environ.get(SWITCH, "auto")
    if wish == "off":
        return None
    with _lock:
        found = _load(name)
    if found is None or wish == "now" or _is_compiled(name, found):
        return found
    if _note(name, found) is not None:
        compile_beside()
    return None


def prepare() -> None:
    """Load what is compiled and start compiling what is not."""
    for name in MODULES:
        module(name)


def compile_all() -> None:
    """Compile all kernels in this process and note that it is done."""
    for name in MODULES:
        found = _load(name)
        if found is not None and not _is_compiled(name, found):
            found.warm()
            note = _note(name, found)
            if note is not None:
                note.touch()


@lru_cache(maxsize=None)
def compile_beside() -> None:
    """Start a process that compiles all kernels; it ends with this one."""
    with suppress(OSError):  # where no process can be started the plain way serves
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "napari_morphogen.fast.compiling"],
            stdin=subprocess.PIPE,  # closes when we are gone, however that comes
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        atexit.register(_end, child)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.wait()
    assert child.stdin is not None
    child.stdin.close()


@lru_cache(maxsize=None)
def _load(name: str) -> ModuleType | None:
    try:
        from numba import config

        if getattr(
            config, "DISABLE_JIT", 0
        ):  # kernels in the interpreter would take minutes
            return None
        return import_module(f"napari_morphogen.fast.{name}")
    except BROKEN:
        return None


def _is_compiled(name: str, found: ModuleType) -> bool:
    if name not in _compiled:
        note = _note(name, found)
        if note is not None and note.exists():
            _compiled.add(name)
    return name in _compiled


@lru_cache(maxsize=None)
def _note(name: str, found: ModuleType) -> Path | None:
    """Return the file that says that a module is compiled; None without a cache."""
    from llvmlite import binding
    from numba import __version__

    folder = found.KERNELS[0].stats.cache_path
    if folder is None:
        return None
    source = (FOLDER / f"{name}.py").stat()
    parts = (
        __version__,
        binding.get_host_cpu_name(),
        sorted(binding.get_host_cpu_features().items()),
        source.st_mtime_ns,
        source.st_size,
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return Path(folder) / f"{name}.{digest}.compiled"
