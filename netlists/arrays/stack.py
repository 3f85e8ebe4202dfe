"""Layers of arrays above one another.

Two ways, both the field's own.  ``shared=False``: every layer has word and bit lines of its own, and
nothing but the reader joins them (stacked arrays that are added up or multiplexed).  ``shared=True``
(the default, as in two-deck and four-deck cross-point memories): neighbouring layers share the plane
of lines between them, so that planes alternate word, bit, word, ... from the bottom and layer k lies
between planes k and k + 1.  A device's terminal p is at the word line in every layer.

Kau et al., IEDM 2009, doi:10.1109/IEDM.2009.5424263.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlists.arrays.checks import CrossbarError
from netlists.arrays.description import Crossbar

MOST_LAYERS = 64
_WORD = ("voltages", "r_word", "r_source", "c_word", "word_drive")
_BIT = ("bit_voltages", "r_bit", "r_sense", "c_bit", "bit_drive")


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Layers of the same size.

    Parameters
    ----------
    layers : sequence of Crossbar
        From the bottom; cards, states, lines and faults may differ.
    shared : bool
        Whether neighbours share the plane of lines between them. What both say about it must agree.

    Raises
    ------
    CrossbarError
        No layer, sizes or temperatures that differ, or a shared plane that two layers describe
        differently.
    """

    layers: Sequence[Crossbar]
    shared: bool = True

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        object.__setattr__(self, "layers", layers)
        if not 1 <= len(layers) <= MOST_LAYERS:
            raise CrossbarError(f"{len(layers)} layers: 1 to {MOST_LAYERS} are expected")
        first = layers[0]
        for k, layer in enumerate(layers):
            if not isinstance(layer, Crossbar):
                raise CrossbarError(
                    f"layer {k} is a {type(layer).__name__}: a Crossbar is expected"
                )
            if (layer.rows, layer.cols) != (first.rows, first.cols):
                raise CrossbarError(
                    f"layer {k} is {layer.rows} x {layer.cols}, layer 0 is {first.rows} x "
                    f"{first.cols}: layers of one size are expected"
                )
            if layer.temperature != first.temperature:
                raise CrossbarError(
                    f"layer {k} is at {layer.temperature:g} K, layer 0 at {first.temperature:g} K: one "
                    "temperature is expected"
                )
        if self.shared:
            for k in range(1, len(layers)):
                _agree(layers[k - 1], layers[k], k)

    @property
    def rows(self) -> int:
        """Word lines of a plane."""
        return self.layers[0].rows

    @property
    def cols(self) -> int:
        """Bit lines of a plane."""
        return self.layers[0].cols

    @property
    def planes(self) -> list[tuple[str, int]]:
        """Each plane from the bottom: ``word`` or ``bit``, and the layer that describes it."""
        if not self.shared:
            return [(kind, k) for k in range(len(self.layers)) for kind in ("word", "bit")]
        count = len(self.layers) + 1
        return [(("word", "bit")[p % 2], min(p, len(self.layers) - 1)) for p in range(count)]

    def planes_of(self, layer: int) -> tuple[int, int]:
        """The word plane and the bit plane that a layer lies between."""
        if not self.shared:
            return 2 * layer, 2 * layer + 1
        return (layer, layer + 1) if layer % 2 == 0 else (layer + 1, layer)


def _agree(below: Crossbar, above: Crossbar, layer: int) -> None:
    """Layers ``layer - 1`` and ``layer`` share the plane ``layer``."""
    kind, names = ("bit", _BIT) if layer % 2 else ("word", _WORD)
    different = [n for n in names if not np.array_equal(getattr(below, n), getattr(above, n))]
    assert below.faults is not None and above.faults is not None
    for name in (f"broken_{kind}", f"bridged_{kind}"):
        if not np.array_equal(getattr(below.faults, name), getattr(above.faults, name)):
            different.append(name)
    if different:
        raise CrossbarError(
            f"layers {layer - 1} and {layer} share a plane of {kind} lines and differ in "
            f"{', '.join(different)}: say the same in both, or stack them with shared=False"
        )
