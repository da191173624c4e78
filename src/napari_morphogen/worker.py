"""A process beside ours that runs generators and can be stopped at any moment.

Run as ``python -m napari_morphogen.worker`` it serves jobs from standard input
until that closes. Only this module talks to it, so both ends of the pipe are ours.
"""

import atexit
import os
import pickle
import queue
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from napari_morphogen.counting import telling
from napari_morphogen.params import InputError, Remark

HEADER = struct.Struct("<QQ")  # bytes of the pickle, number of buffers behind it
SIZE = struct.Struct("<Q")
JOB, TOLD = "job", "told"
KILLED = (-9, -15)  # by the kernel for want of memory, or by a person
PAUSE = 0.1  # seconds between two words of how far a job is
NICENESS = 5  # the window comes first when cores are few


class WorkerStopped(RuntimeError):
    """The process ended before its job was done."""


class Worker:
    """A child process that runs one generator after another.

    The child starts at once and imports the methods while the user still looks
    at the form. Closing, or the end of this process, ends the child.
    """

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()
        self._writing = threading.Lock()
        self.remarks: list[str] = []  # of the last run
        self.listener: Callable[[float], object] = lambda share: None  # of its share
        self._killed = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "napari_morphogen.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            creationflags=_windows_flags(),
        )

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return not self._killed and self._process.poll() is None

    def run(self, function: Callable[..., Iterator[Any]], *args: Any) -> Iterator[Any]:
        """Yield what the generator ``function(*args)`` yields in the child.

        Raises
        ------
        InputError
            When the generator raised it.
        WorkerStopped
            When the child was closed or crashed; the message says why.
        """
        assert self._process.stdout is not None
        self.remarks.clear()
        try:
            self._write((JOB, (function, args)))
            while True:
                kind, value = _receive(self._process.stdout)
                if kind == "refused":
                    raise InputError(value)
                if kind == "done":
                    return
                if kind == "remark":
                    self.remarks.append(value)
                elif kind == "share":
                    self.listener(value)
                else:
                    yield value
        except (EOFError, OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise WorkerStopped(self._last_words()) from error

    def tell(self, message: Any) -> None:
        """Send something to the generator that runs; any thread may call this.

        Parameters
        ----------
        message : object
            What was told since its last item reaches the generator as a list, as
            the value of its next ``yield``.
        """
        with suppress(OSError):  # who has ended needs to be told no more
            self._write((TOLD, message))

    def _write(self, message: Any) -> None:
        assert self._process.stdin is not None
        with self._writing:
            _send(self._process.stdin, message)

    def kill(self) -> None:
        """End the child now, whatever it is doing; any thread may call this.

        Nobody waits until it has gone: where cores are few, that takes a while.
        """
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """End the child and free its pipes; no thread may be in `run`."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(BrokenPipeError):  # an unsent rest is of no use any more
                pipe.close()  # type: ignore[union-attr]

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        if code in KILLED or not lines:
            return (
                f"The computation was ended from outside (status {code}); "
                "if nobody did, the memory was too small: try a smaller region."
            )
        return f"The computation failed: {lines[-1]}"


class Pool:
    """Workers that wait for the next job, so that it starts without delay."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        atexit.register(self.close)

    def warm(self) -> None:
        """See to it that a worker waits."""
        while self._idle and not self._idle[-1].alive:
            self._idle.pop().close()
        if not self._idle:
            self._idle.append(Worker())

    def take(self) -> Worker:
        """Return a worker that no one else uses."""
        self.warm()
        return self._idle.pop()

    def give_back(self, worker: Worker) -> None:
        """Keep a worker for the next job; a second idle one is ended."""
        if worker.alive and not self._idle:
            self._idle.append(worker)
        else:
            worker.close()

    def close(self) -> None:
        """End all idle workers."""
        while self._idle:
            self._idle.pop().close()


POOL = Pool()


def serve() -> None:
    """Run jobs from standard input until it closes."""
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not end up between the messages
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    jobs: queue.Queue[Any] = queue.Queue()
    told: list[Any] = []
    threading.Thread(target=_listen, args=(source, jobs, told), daemon=True).start()
    import napari_morphogen.pipeline  # noqa: F401 (heavy: import while waiting)
    from napari_morphogen import fast

    threading.Thread(target=fast.prepare, daemon=True).start()
    while True:
        function, args = jobs.get()
        try:
            tell = _now_and_then(lambda share: _send(sink, ("share", share)))
            with telling(tell), remarks_to(lambda text: _send(sink, ("remark", text))):
                for value in _told_between(function(*args), told):
                    _send(sink, ("item", value))
        except InputError as error:
            _send(sink, ("refused", str(error)))
        else:
            _send(sink, ("done", None))


@contextmanager
def remarks_to(tell: Callable[[str], object]) -> Iterator[None]:
    """Give every remark to a function, each once.

    Parameters
    ----------
    tell : callable
        Takes the text of a remark.
    """
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        text = str(message)
        if not issubclass(category, Remark):
            usual(message, category, *place)
        elif text not in said:
            said.add(text)
            tell(text)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.simplefilter("always", Remark)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def _now_and_then(tell: Callable[[float], object]) -> Callable[[float], None]:
    """Return a function that passes on one of many calls within a short time."""
    last = 0.0

    def some(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > PAUSE:
            last = time.monotonic()
            tell(share)

    return some


def _told_between(generator: Any, told: list[Any]) -> Iterator[Any]:
    """Yield what a generator yields, and give it what was told in between."""
    with suppress(StopIteration):
        yield next(generator)
        while True:
            count = len(told)  # the listener appends while we read
            messages, told[:count] = told[:count], []
            if hasattr(generator, "send"):
                yield generator.send(messages or None)
            else:
                yield next(generator)


def _listen(source: IO[bytes], jobs: "queue.Queue[Any]", told: list[Any]) -> None:
    try:
        while True:
            kind, message = _receive(source)
            if kind == TOLD:
                told.append(message)
                continue
            told.clear()  # was meant for the job before
            jobs.put(message)
    except EOFError:
        os._exit(0)  # the other end is gone: stop even in the middle of a job
    except (ImportError, AttributeError, pickle.UnpicklingError):
        traceback.print_exc()  # a job that this process does not know
        os._exit(1)


def _send(stream: IO[bytes], message: Any) -> None:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    stream.write(HEADER.pack(len(head), len(buffers)))
    stream.write(head)
    for buffer in buffers:
        raw = buffer.raw()
        stream.write(SIZE.pack(raw.nbytes))
        stream.write(raw)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    length, count = HEADER.unpack(_exactly(stream, HEADER.size))
    head = _exactly(stream, length)
    sizes = (SIZE.unpack(_exactly(stream, SIZE.size))[0] for _ in range(count))
    return pickle.loads(head, buffers=[_exactly(stream, size) for size in sizes])


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        read = stream.readinto(view)  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        view = view[read:]
    return data


def _windows_flags() -> int:
    return getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
        subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0
    )


if __name__ == "__main__":
    # serve from the importable module, so that classes pickle under one name
    from napari_morphogen.worker import serve as _serve

    _serve()
