"""How an array was made, in words: the header of its deck and the attributes of its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from compactmodels.names import number
from netlists.arrays.description import Crossbar
from netlists.arrays.devices import Device
from netlists.arrays.selectors import described
from netlists.arrays.stack import Stack


def header(
    array: Crossbar | Stack, devices: Sequence[Device | None], static: bool
) -> list[tuple[str, str]]:
    """(what, value) of everything that makes an array."""
    if isinstance(array, Crossbar):
        return [*settings(array), _form(devices[0]), _capacitance(static)]
    how = "neighbours share a plane of lines" if array.shared else "lines of their own"
    found = [("layers", f"{len(array.layers)}, from the bottom; {how}")]
    for k, (layer, device) in enumerate(zip(array.layers, devices, strict=True), 1):
        found += [(f"layer {k} {what}", value) for what, value in [*settings(layer), _form(device)]]
    return [*found, _capacitance(static)]


def _form(device: Device | None) -> tuple[str, str]:
    if device is None:
        return "cells", "resistors: the card is linear and its states are held"
    return "cells", f"{device.form} {device.module}, p at the word line, n at the bit line"


def _capacitance(static: bool) -> tuple[str, str]:
    return "capacitance", "none: a static analysis needs none" if static else "of lines and devices"


def settings(crossbar: Crossbar) -> list[tuple[str, str]]:
    """(what, value) of one array."""
    found = [
        ("card", f"'{crossbar.card.name}' in every cell"),
        ("word line segment", f"{_span(crossbar.r_word)} ohm, {_span(crossbar.c_word)} F"),
        ("bit line segment", f"{_span(crossbar.r_bit)} ohm, {_span(crossbar.c_bit)} F"),
        (
            "word lines driven",
            f"{_words(crossbar.word_drive)}, {_span(crossbar.r_source)} ohm each",
        ),
        ("bit lines read", f"{_words(crossbar.bit_drive)}, {_span(crossbar.r_sense)} ohm each"),
        ("word voltages", f"{_span(crossbar.voltages)} V"),
        ("bit voltages", f"{_span(crossbar.bit_voltages)} V"),
        ("temperature", f"{number(crossbar.temperature)} K"),
        ("states w", f"{_span(crossbar.w)}; s {_span(crossbar.s)}"),
        *described(crossbar.selector),
    ]
    if crossbar.seed is not None:
        found.append(("seed of the states", str(crossbar.seed)))
    for name, values in crossbar.parameters.items():
        unit = crossbar.card.parameter(name).unit
        found.append((f"cell parameter {name}", f"{_span(values)} {unit}"))
    assert crossbar.faults is not None
    for name, count in crossbar.faults.counts.items():
        found.append((name.replace("_", " "), str(count)))
    if crossbar.faults.counts:
        found.append(("short circuit", f"{number(crossbar.faults.r_short)} ohm"))
    return [*found, *crossbar.notes]


def _span(value: Any) -> str:
    """A number, or the range of an array."""
    found = np.asarray(value, dtype=np.float64)
    low, high = float(found.min()), float(found.max())
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _words(drive: str | Sequence[str]) -> str:
    """Where lines are connected: one word, or how many of each."""
    words = [drive] if isinstance(drive, str) else list(drive)
    counts = Counter(words)
    said = {
        "start": "at the start",
        "end": "at the end",
        "both": "at both ends",
        "floating": "nowhere",
    }
    if len(counts) == 1:
        return said[words[0]]
    return ", ".join(f"{count} {said[word]}" for word, count in counts.items())
