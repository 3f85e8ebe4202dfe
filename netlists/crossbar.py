"""An array of any card as a deck, and its read in ngspice (:mod:`netlists.array` has the convention)."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import __version__
from compactmodels.constants import ZERO_CELSIUS
from compactmodels.names import identifier, number
from compactmodels.templating import render
from netlists import ngspice
from netlists.array import Crossbar, CrossbarResult, cell_currents, ideal_currents
from netlists.subcircuit import subcircuit

FloatArray = NDArray[np.float64]

# Newton's last step is far smaller than the tolerance it passed: 1e-9 leaves rounding alone.  The
# floors are relative to the largest voltage and current: a cell at 0 V has no relative accuracy.
_RELTOL: Final = 1e-9
_FLOOR: Final = 1e-12


def crossbar_deck(crossbar: Crossbar, *, klu: bool = False) -> str:
    """The array as a deck for ngspice: one ``.op``.

    Parameters
    ----------
    crossbar : Crossbar
    klu : bool
        Whether to ask for the KLU solver, which ngspice 39 silently ignores.

    Returns
    -------
    str
        Node ``w<i>_<j>`` (``w<i>`` of an ideal line) is where cell (i, j), counted from 1, meets
        its word line, ``b<i>_<j>`` (``b<j>``) its bit line; ``i(vout<j>)`` is the current of bit
        line j.

    Raises
    ------
    NetlistError
        The card's name may not stand in a netlist.
    """
    module = identifier(crossbar.card.name, "subcircuit")
    return render(
        "netlists",
        "crossbar.cir.j2",
        module=module,
        card=crossbar.card.name,
        version=__version__,
        rows=crossbar.rows,
        cols=crossbar.cols,
        r_word=number(crossbar.r_word),
        r_bit=number(crossbar.r_bit),
        temperature=number(crossbar.temperature),
        celsius=number(crossbar.temperature - ZERO_CELSIUS),
        seed=crossbar.seed,
        subcircuit=subcircuit(crossbar.card),
        options=_options(crossbar),
        klu=klu,
        lines=[_word_line(crossbar, i) for i in range(1, crossbar.rows + 1)],
        outputs=[(j, _bit_node(crossbar, crossbar.rows + 1, j)) for j in _columns(crossbar)],
    )


def read_ngspice(crossbar: Crossbar, *, timeout: float = 600.0) -> CrossbarResult:
    """Read the array with ngspice.

    Parameters
    ----------
    crossbar : Crossbar
    timeout : float
        Seconds of wall time for ngspice.

    Returns
    -------
    CrossbarResult

    Raises
    ------
    SimulationError
        No convergence or no result in time; the sentence names the file that the deck was kept in.
    ToolMissing
        PySpice or libngspice is not installed.

    Notes
    -----
    Measured with ngspice 39 on arrays of 4 x 4 to 24 x 24 against independent solves of the node
    equations: within 1e-13 of the largest current, for linear cells with ``r g`` from 1e-18 to 1e-2
    and for sinh, tunnelling and thermionic cells to 1 V (with ngspice's default tolerances, 4e-10).
    """
    klu = ngspice.features().klu
    start = time.perf_counter()
    (plot,) = ngspice.run(crossbar_deck(crossbar, klu=klu), timeout=timeout)
    currents = np.array([plot[f"vout{j}#branch"][0] for j in _columns(crossbar)])
    word = _node_voltages(plot, crossbar, _word_node)
    bit = _node_voltages(plot, crossbar, _bit_node)
    return CrossbarResult(
        currents=currents,
        ideal=ideal_currents(crossbar),
        cell_voltages=word - bit,
        word_voltages=word,
        bit_voltages=bit,
        seconds=time.perf_counter() - start,
        engine="ngspice",
    )


# ------------------------------------------------------------------------------ parts of the deck


def _columns(crossbar: Crossbar) -> range:
    return range(1, crossbar.cols + 1)


def _word_node(crossbar: Crossbar, i: int, j: int) -> str:
    """Where word line i meets cell j, and its source at j = 0."""
    if not crossbar.r_word:
        return f"w{i}"
    return f"w{i}_{j}" if j > 0 else f"in{i}"


def _bit_node(crossbar: Crossbar, i: int, j: int) -> str:
    """Where bit line j meets cell i, and its output at i = rows + 1."""
    if not crossbar.r_bit:
        return f"b{j}"
    return f"b{i}_{j}" if i <= crossbar.rows else f"out{j}"


def _word_line(crossbar: Crossbar, i: int) -> dict[str, Any]:
    """Source, segments and cells of word line i, and the bit lines' segments below it."""
    columns = _columns(crossbar)
    place = [f"{i}_{j}" for j in columns]
    before = [_word_node(crossbar, i, j - 1) for j in columns]
    word = [_word_node(crossbar, i, j) for j in columns]
    bit = [_bit_node(crossbar, i, j) for j in columns]
    below = [_bit_node(crossbar, i + 1, j) for j in columns]
    w, s = (map(number, states[i - 1]) for states in (crossbar.w, np.asarray(crossbar.s)))
    return {
        "number": i,
        "inlet": before[0],
        "voltage": number(crossbar.voltages[i - 1]),
        "word": list(zip(place, before, word)) if crossbar.r_word else [],
        "cells": list(zip(place, word, bit, w, s)),
        "bit": list(zip(place, bit, below)) if crossbar.r_bit else [],
    }


def _options(crossbar: Crossbar) -> dict[str, str]:
    """Newton's tolerances."""
    voltage = float(np.abs(crossbar.voltages).max()) or 1.0
    current = float(np.abs(cell_currents(crossbar)).max()) or 1.0
    if line := crossbar.r_word + crossbar.r_bit:
        current = min(current, 2 * voltage / line)  # an exponential behind a resistance
    options = {"reltol": _RELTOL, "vntol": _FLOOR * voltage, "abstol": _FLOOR * current}
    return {name: number(value) for name, value in options.items()}


def _node_voltages(plot: ngspice.Plot, crossbar: Crossbar, node: Any) -> FloatArray:
    rows = range(1, crossbar.rows + 1)
    return np.array([[plot[node(crossbar, i, j)][0] for j in _columns(crossbar)] for i in rows])


# -------------------------------------------------------------------------------------- validation
