"""Words for units: pint's in memory, symbols in files."""

import math
from typing import Any

PIXEL = "pixel"
LENGTHS = {
    "angstrom": ("Å", 1e-4),
    "picometer": ("pm", 1e-6),
    "nanometer": ("nm", 1e-3),
    "micrometer": ("µm", 1.0),
    "millimeter": ("mm", 1e3),
    "centimeter": ("cm", 1e4),
    "decimeter": ("dm", 1e5),
    "meter": ("m", 1e6),
    "kilometer": ("km", 1e9),
    "inch": ("in", 25_400.0),
    "foot": ("ft", 304_800.0),
}
TIMES = {
    "nanosecond": "ns",
    "microsecond": "µs",
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "day": "d",
}
_WORDS = (
    {word: word for word in (*LENGTHS, *TIMES, PIXEL)}
    | {symbol.lower(): word for word, (symbol, _) in LENGTHS.items()}
    | {symbol: word for word, symbol in TIMES.items()}
    | {"um": "micrometer", "micron": "micrometer", "us": "microsecond"}
    | {"sec": "second", "msec": "millisecond", "inches": "inch", "px": PIXEL}
)
# Scanners and printers write their own resolution: 1200 dots per inch at most.
COARSEST = 20.0


def unit_word(text: Any) -> str:
    r"""Return the word of a unit in any spelling, ``"pixel"`` when it is none.

    Examples
    --------
    >>> unit_word("\\u00B5m"), unit_word("microns"), unit_word("furlong")
    ('micrometer', 'micrometer', 'pixel')
    """
    word = str(text).strip().replace("\\u00B5", "µ").replace("\u03bc", "µ").lower()
    word = word.replace("metre", "meter")
    return _WORDS.get(word) or _WORDS.get(word.removesuffix("s"), PIXEL)


def length_symbol(unit: str) -> str:
    """Return the symbol of a length, ``"pixel"`` for everything else."""
    return LENGTHS.get(unit_word(unit), (PIXEL, 1.0))[0]


def micrometers(size: float, unit: str) -> float | None:
    """Return a length in micrometers, or None when `unit` is no length.

    Examples
    --------
    >>> micrometers(250, "nanometer")
    0.25
    """
    word = unit_word(unit)
    return abs(size) * LENGTHS[word][1] if word in LENGTHS else None


def positive(value: Any) -> float | None:
    """Return `value` as a positive finite number, or None.

    Examples
    --------
    >>> positive("0.5"), positive("nan"), positive(None)
    (0.5, None, None)
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None
