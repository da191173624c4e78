"""How far a long computation is, told to whoever listens, however deep it lies."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[float], object]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_part: ContextVar[tuple[float, float]] = ContextVar("part", default=(0.0, 1.0))


def counted(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, and tell after each how much is done.

    Parameters
    ----------
    items : iterable
        Each takes about as long as the others. What is counted while one is worked
        on is a part of it.

    Examples
    --------
    >>> with telling(print):
    ...     for plane in counted("ab"):
    ...         for tile in counted(range(2)):
    ...             pass
    0.25
    0.5
    0.5
    0.75
    1.0
    1.0
    """
    every = list(items)
    before, width = _part.get()
    each = width / max(len(every), 1)
    try:
        for number, item in enumerate(every):
            _part.set((before + number * each, each))
            yield item
            tell = _listener.get()
            if tell is not None:
                tell(before + (number + 1) * each)
    finally:
        _part.set((before, width))


@contextmanager
def telling(listener: Listener | None) -> Iterator[None]:
    """Tell a function the share that is done, from 0 to 1, or nobody.

    Parameters
    ----------
    listener : callable or None
        Takes the share; None while what is counted says nothing of the whole.
    """
    old, part = _listener.set(listener), _part.set((0.0, 1.0))
    try:
        yield
    finally:
        _listener.reset(old)
        _part.reset(part)
