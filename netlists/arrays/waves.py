"""What the sources of an array apply over time, as ngspice writes it."""

from __future__ import annotations

import numpy as np

from compactmodels.errors import ProtocolError
from compactmodels.names import number
from netlists.arrays.checks import FloatArray
from netlists.arrays.network import Network
from netlists.arrays.selectors import Transistor
from netlists.arrays.stimulus import Stimulus


def waveforms(network: Network, stimulus: Stimulus) -> dict[str, FloatArray]:
    """Voltage of every source at the stimulus's corners, shape (k,), by the source's name.

    Raises
    ------
    ProtocolError
        A stimulus for another number of lines, or planes.
    """
    found: dict[str, FloatArray] = {}
    for kind, given in (("word", stimulus.word), ("bit", stimulus.bit)):
        planes = [p for p in network.planes if p.lines.kind == kind]
        shape = (len(stimulus.time), len(planes), len(planes[0].nodes))
        volts = given[:, np.newaxis] if given.ndim == 2 else given
        if volts.shape != shape:
            expected = shape if len(planes) > 1 else (shape[0], shape[2])
            raise ProtocolError(
                f"{stimulus.label}: {kind} has the shape {given.shape}: {expected} is expected"
            )
        for p, plane in enumerate(planes):
            for line, port in enumerate(plane.ports):
                if port is not None:
                    found[plane.lines.source(line)] = volts[:, p, line]
    return found | _gates(network, stimulus)


def _gates(network: Network, stimulus: Stimulus) -> dict[str, FloatArray]:
    if stimulus.gate is None:
        return {}
    found = {}
    for k, (layer, _, _) in enumerate(network.layers):
        if not isinstance(layer.selector, Transistor):
            continue
        count = len(layer.selector.gates(layer.rows, layer.cols))
        if stimulus.gate.shape != (len(stimulus.time), count):
            raise ProtocolError(
                f"{stimulus.label}: gate has the shape {stimulus.gate.shape}: "
                f"({len(stimulus.time)}, {count}) is expected"
            )
        for g in range(count):
            found[f"Vg{network.cell_tag(k)}{g + 1}"] = stimulus.gate[:, g]
    if not found:
        raise ProtocolError(f"{stimulus.label}: gate voltages for an array without transistors")
    return found


def texts(time: FloatArray, waves: dict[str, FloatArray], cycles: int) -> dict[str, str]:
    """What each source applies; lines with the same waveform share its text."""
    known: dict[bytes, str] = {}
    for volts in waves.values():
        if (key := volts.tobytes()) not in known:
            known[key] = _waveform(time, volts, cycles)
    return {name: known[volts.tobytes()] for name, volts in waves.items()}


def _waveform(time: FloatArray, volts: FloatArray, cycles: int) -> str:
    """A source's value: constant, or the corners of all cycles."""
    if (volts == volts[0]).all():
        return f"DC {number(volts[0])}"
    pairs = [(time[0], volts[0])]
    for k in range(cycles):
        pairs += zip(time[1:] + k * time[-1], volts[1:], strict=True)
    corners = [f"{number(t)} {number(v)}" for t, v in pairs]
    return "PWL(" + "\n+ ".join(corners) + ")"
