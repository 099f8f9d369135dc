"""How numbers read."""

from typing import Final

KILO: Final = 1000
NOTHING: Final = "\u2013"  # a dash where there is no value


def thousands(number: float | None) -> str:
    """A number with thin spaces between the thousands; a fraction keeps one digit."""
    if number is None:
        return NOTHING
    text = f"{number:,.1f}".removesuffix(".0")
    return text.replace(",", "\u202f")


def size_words(size: int) -> str:
    """A number of bytes in the largest fitting unit: `3.9 MB`."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{thousands(round(amount, 1))} {unit}"
