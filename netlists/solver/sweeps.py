"""DC sweeps of an array's description through the fast engine."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from netlists.arrays.checks import CrossbarError, scalar, whole
from netlists.arrays.description import Crossbar
from netlists.arrays.reads import Sweep
from netlists.solver.described import ENGINE, read_fast


def sweep_fast(
    crossbar: Crossbar,
    start: float,
    stop: float,
    points: int,
    *,
    progress: Callable[[float], None] | None = None,
) -> Sweep:
    """Sweep the voltage of all word lines together, states held.

    Parameters
    ----------
    crossbar : Crossbar
    start, stop : float
        [V]
    points : int
        2 or more, equidistant.
    progress : callable, optional
        Called with the share that is done, 0 to 1.

    Raises
    ------
    CrossbarError
        No voltage to sweep, or what :func:`.described.read_fast` refuses.
    SimulationError
        Code ``no_convergence``.
    """
    began = time.perf_counter()
    low, high = scalar(start, "start"), scalar(stop, "stop")
    if whole(points, "points") < 2 or low == high:
        raise CrossbarError(f"{points} points from {low:g} to {high:g} V: 2 or more, ends apart")
    voltage = np.linspace(low, high, points)
    found = []
    for k, v in enumerate(voltage, 1):
        found.append(read_fast(crossbar.changed(voltages=np.full(crossbar.rows, v))))
        if progress is not None:
            progress(k / points)
    return Sweep(
        voltage=voltage,
        currents=np.array([[r.currents for r in found]]),
        word_currents=np.array([[r.word_currents for r in found]]),
        cell_voltages=np.array([[r.cell_voltages for r in found]]),
        swept=tuple(f"v{i}" for i in range(1, crossbar.rows + 1)),
        seconds=time.perf_counter() - began,
        engine=ENGINE,
    )
