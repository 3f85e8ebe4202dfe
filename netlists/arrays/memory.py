"""What an array will take in ngspice, before it is built.

Measured with ngspice 46 and KLU (peak of the process less its start): a cell with its two segments takes
5.2, 5.6 and 5.9 kB as a resistor and 7.6, 7.9 and 8.3 kB as a compiled device at 64, 128 and 256 lines,
the factors' fill growing with the logarithm of the size.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Final

from netlists.arrays.cells import conductances
from netlists.arrays.checks import CrossbarError
from netlists.arrays.deck import layers_of
from netlists.arrays.description import Crossbar
from netlists.arrays.devices import device
from netlists.arrays.stack import Stack

BASE: Final = 40e6
"""Bytes of the simulator itself."""
CELL: Final = 3.4e3
FILL: Final = 0.35e3
"""Bytes of a cell with its segments, and for each doubling of the lines."""
COMPILED: Final = 2.5e3
"""Bytes more of a compiled device."""
OURS: Final = 2.5e3
"""Bytes of a cell in this process: text, names and results."""
SUBCIRCUIT: Final = 0.009
"""Bytes more of a subcircuit's instance for each square of a character of its text: ngspice writes its
functions into one another. 16, 59 and 890 kB at 1658, 2777 and 10149 characters."""
SAFE: Final = 0.9
"""Of the memory that is free, what an array may take."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an array takes.

    Parameters
    ----------
    cells : int
    form : str
        ``resistor``, ``osdi`` or ``subcircuit``.
    memory : float
        Bytes.
    """

    cells: int
    form: str
    memory: float


def estimate(
    array: Crossbar | Stack, *, form: str = "auto", points: int = 1, held: bool = True
) -> Estimate:
    """What an array will take in ngspice.

    Parameters
    ----------
    array : Crossbar or Stack
    form : str
        How cells are written, one of :data:`netlists.arrays.devices.FORMS`.
    points : int
        Of a sweep or a transient.
    held : bool
        Whether the states stay where they are.
    """
    total, kinds = BASE, set()
    count = array.rows * array.cols
    for layer in layers_of(array):
        fill = FILL * math.log2(max(layer.rows, layer.cols))
        each, kind = CELL + fill + OURS, "resistor"
        resistors = held and form in ("auto", "portable", "resistor")
        if not (resistors and conductances(layer) is not None):
            written = device(layer.card, layer.card.name, held=held, form=form)
            kind = written.form
            each += COMPILED if written.library else SUBCIRCUIT * len(written.text) ** 2
        if layer.selector is not None:
            each += COMPILED
        kept = 2 if held else len(layer.card.model.states)
        total += count * (each + 24.0 * kept * (points - 1))
        kinds.add(kind)
    return Estimate(count * len(layers_of(array)), "/".join(sorted(kinds)), total)


def free_memory() -> float:
    """Bytes that this machine can still give, or all of its memory where that is not told."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return 1024.0 * float(line.split()[1])
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return math.inf


def check_memory(
    array: Crossbar | Stack,
    *,
    form: str = "auto",
    points: int = 1,
    held: bool = True,
    limit: float | None = None,
) -> Estimate:
    """The estimate, if it fits.

    Parameters
    ----------
    limit : float, optional
        Bytes; :data:`SAFE` of what is free unless given.

    Raises
    ------
    CrossbarError
        Code ``too_large``; the sentence names the estimate.
    """
    found = estimate(array, form=form, points=points, held=held)
    most = SAFE * free_memory() if limit is None else limit
    if found.memory > most:
        raise CrossbarError(
            f"{array.rows} x {array.cols} cells ({found.cells} in all, as {found.form}) would take about "
            f"{_size(found.memory)} in ngspice and {_size(most)} may be used: take a smaller array or "
            "fewer points, or the fast engine",
            code="too_large",
        )
    return found


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"
