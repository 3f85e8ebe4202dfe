"""Numbers for people."""

from __future__ import annotations

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_PLAIN = {"", "1", "eV", "K", "m0", "m^2", "A/(m^2 K^2)", "1/s"}


def engineering(value: float, unit: str = "", digits: int = 4) -> str:
    """``value`` with an SI prefix.

    >>> engineering(2.7e4, "ohm"), engineering(3.5e-9, "A"), engineering(0.41, "eV")
    ('27 kohm', '3.5 nA', '0.41 eV')
    """
    if not math.isfinite(value):
        return "-"
    if value == 0 or unit in _PLAIN:
        return f"{value:.{digits}g} {'' if unit == '1' else unit}".strip()
    power = min(max(3 * math.floor(math.log10(abs(value)) / 3), -15), 12)
    return f"{value / 10.0**power:.{digits}g} {_PREFIXES[power]}{unit}"
