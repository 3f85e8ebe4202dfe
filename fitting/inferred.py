"""What was inferred of a sweep, in sentences: branches, forward side, offset, compliance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from fitting.masks import plateau

FloatArray = NDArray[np.float64]


def sweep_facts(
    trace: Trace, part: Trace, count: int, sign: int, floor: float, *, auto: bool
) -> list[str]:
    """Sentences on one branch.

    Parameters
    ----------
    trace, part : Trace
        The sweep and its branch, both with a voltage.
    count : int
        Branches of the sweep.
    sign : int
        +1 if forward is V > 0, -1 if it is V < 0.
    floor : float
        The offset at 0 V [A], 0 where there is none.
    auto : bool
        Whether the forward side was found and not given.
    """
    assert trace.voltage is not None
    assert part.voltage is not None
    said = []
    if count > 1:
        turns = _turned_twice(trace.voltage)
        said.append(
            f"the sweep turns and has {count} branches"
            + (f"; turning points recorded twice: {turns}" if turns else "")
        )
    if auto:
        both = bool(np.any(trace.voltage > 0) and np.any(trace.voltage < 0))
        why = "the side with the larger current" if both else "the only side measured"
        said.append(f"forward is V {'>' if sign > 0 else '<'} 0, {why}")
    if trace.meta.get("voltage_is") == "requested":
        said.append("the voltage is the requested one, not a measured one")
    if floor > 0:
        said.append(f"an offset of {floor:.2g} A stands at 0 V")
    named = trace.meta.get("compliance")
    if named:
        said.append(f"the compliance is {named:g} A, as the file says")
    elif np.any(plateau(part.voltage, part.current)):
        top = float(np.max(np.abs(part.current)))
        said.append(f"the compliance is {top:.4g} A, where the current stands")
    return said


def _turned_twice(voltage: FloatArray) -> int:
    """Turning points whose voltage stands there twice."""
    step = np.diff(voltage)
    flat = np.flatnonzero(step == 0)
    return sum(1 for k in flat if 0 < k < step.size - 1 and step[k - 1] * step[k + 1] < 0)
