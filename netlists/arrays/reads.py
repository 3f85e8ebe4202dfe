"""Reads of arrays in ngspice: operating points and DC sweeps, states held."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compactmodels.names import number
from netlists import ngspice
from netlists.arrays.checks import CrossbarError, FloatArray, scalar, whole
from netlists.arrays.deck import Analysis, layers_of, newton, write_deck
from netlists.arrays.description import Crossbar, CrossbarResult, cell_currents, ideal_currents
from netlists.arrays.extract import behind_devices, crossing_voltages, plane_currents
from netlists.arrays.memory import check_memory
from netlists.arrays.network import Network, build
from netlists.arrays.stack import Stack


@dataclass(frozen=True, slots=True, eq=False)
class StackResult:
    """What a read of a stack gives.

    Parameters
    ----------
    currents : numpy.ndarray, shape (bit planes, cols)
        Out of each bit line into its output [A].
    word_currents : numpy.ndarray, shape (word planes, rows)
        Out of each source into its word line [A].
    ideal : numpy.ndarray, shape (bit planes, cols)
        The same cells without resistance of lines, sources and outputs, and without selector [A].
    cell_voltages, word_voltages, bit_voltages, device_voltages : numpy.ndarray, shape (layers, rows, cols)
        As in :class:`netlists.array.CrossbarResult`.
    seconds : float
    engine : str
    form : str
        In which form the cells ran, as :attr:`netlists.arrays.deck.Deck.form` says.
    """

    currents: FloatArray
    word_currents: FloatArray
    ideal: FloatArray
    cell_voltages: FloatArray
    word_voltages: FloatArray
    bit_voltages: FloatArray
    device_voltages: FloatArray
    seconds: float
    engine: str
    form: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Currents and voltages of an array while some of its lines are swept.

    Parameters
    ----------
    voltage : numpy.ndarray, shape (points,)
        Of the swept lines [V].
    currents : numpy.ndarray, shape (bit planes, points, cols)
        Out of each bit line into its output [A].
    word_currents : numpy.ndarray, shape (word planes, points, rows)
        Out of each source into its word line [A].
    cell_voltages : numpy.ndarray, shape (layers, points, rows, cols)
        [V]
    swept : tuple of str
        Names of the sources in the deck.
    seconds : float
    engine : str
    form : str
        In which form the cells ran, as :attr:`netlists.arrays.deck.Deck.form` says.
    """

    voltage: FloatArray
    currents: FloatArray
    word_currents: FloatArray
    cell_voltages: FloatArray
    swept: tuple[str, ...]
    seconds: float
    engine: str
    form: str = ""


def crossbar_deck(array: Crossbar | Stack, *, klu: bool = False, form: str = "portable") -> str:
    """The array as a deck for ngspice: one ``.op``.

    Parameters
    ----------
    array : Crossbar or Stack
    klu : bool
        Whether to ask for the KLU solver, which ngspice 39 silently ignores.
    form : str
        How cells are written, one of :data:`netlists.arrays.devices.FORMS`.

    Returns
    -------
    str
        Node ``w<i>_<j>`` (``w<i>`` of an ideal line) is where cell (i, j), counted from 1, meets
        its word line, ``b<i>_<j>`` (``b<j>``) its bit line; ``i(vout<j>)`` is the current of bit
        line j.

    Raises
    ------
    CrossbarError
        An array that is not connected.
    NetlistError
        The card's name may not stand in a netlist.
    """
    return write_deck(array, Analysis(), klu=klu, form=form).text


def read_ngspice(
    crossbar: Crossbar,
    *,
    timeout: float = 600.0,
    form: str = "auto",
    memory: float | None = None,
    keep: Path | None = None,
) -> CrossbarResult:
    """Read the array with ngspice.

    Parameters
    ----------
    crossbar : Crossbar
    timeout : float
        Seconds of wall time for ngspice.
    form : str
        How cells are written, one of :data:`netlists.arrays.devices.FORMS`.
    memory : float, optional
        Bytes that ngspice may take; what the machine has free unless given.
    keep : pathlib.Path, optional
        Folder for the deck, should it fail.

    Returns
    -------
    CrossbarResult

    Raises
    ------
    CrossbarError
        An array that is not connected, or larger than memory (code ``too_large``).
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
    result = _read(crossbar, timeout, form, memory, keep)
    return CrossbarResult(
        currents=result.currents[0],
        ideal=result.ideal[0],
        cell_voltages=result.cell_voltages[0],
        word_voltages=result.word_voltages[0],
        bit_voltages=result.bit_voltages[0],
        seconds=result.seconds,
        engine=result.engine,
        form=result.form,
        word_currents=result.word_currents[0],
        device_voltages=result.device_voltages[0],
    )


def read_stack_ngspice(
    stack: Stack,
    *,
    timeout: float = 600.0,
    form: str = "auto",
    memory: float | None = None,
    keep: Path | None = None,
) -> StackResult:
    """Read a stack with ngspice; parameters and errors as :func:`read_ngspice`."""
    return _read(stack, timeout, form, memory, keep)


def _read(
    array: Crossbar | Stack, timeout: float, form: str, memory: float | None, keep: Path | None
) -> StackResult:
    start = time.perf_counter()
    klu = ngspice.features().klu
    check_memory(array, form=form, limit=memory)
    deck = write_deck(array, Analysis(), klu=klu, form=form)
    (plot,) = ngspice.run(deck.text, timeout=timeout, keep=keep, osdi=deck.libraries)
    word, bit = (voltages[:, 0] for voltages in crossing_voltages(plot, deck, [0]))
    return StackResult(
        currents=plane_currents(plot, deck, "bit", [0])[:, 0],
        word_currents=plane_currents(plot, deck, "word", [0])[:, 0],
        ideal=ideal(array),
        cell_voltages=word - bit,
        word_voltages=word,
        bit_voltages=bit,
        device_voltages=word - behind_devices(plot, deck, bit),
        seconds=time.perf_counter() - start,
        engine="ngspice",
        form=deck.form,
    )


def ideal(array: Crossbar | Stack) -> FloatArray:
    """Currents of the bit lines of each bit plane without any line resistance, shape (bit planes, cols)."""
    if isinstance(array, Crossbar):
        return ideal_currents(array)[np.newaxis]
    found = np.zeros((len(array.planes), array.cols))
    for k, layer in enumerate(array.layers):
        found[array.planes_of(k)[1]] += cell_currents(layer).sum(axis=0)
    return found[[p for p, (kind, _) in enumerate(array.planes) if kind == "bit"]]


def sweep_ngspice(
    array: Crossbar | Stack,
    start: float,
    stop: float,
    points: int,
    *,
    word: Sequence[int] | None = None,
    bit: Sequence[int] | None = None,
    plane: int | None = None,
    timeout: float = 600.0,
    form: str = "auto",
    progress: Callable[[float], None] | None = None,
    keep: Path | None = None,
) -> Sweep:
    """Sweep the voltage of some lines together, states held.

    Parameters
    ----------
    array : Crossbar or Stack
    start, stop : float
        [V]
    points : int
        2 or more, equidistant.
    word, bit : sequence of int, optional
        Lines that are swept, from 0; all word lines unless any is named.
    plane : int, optional
        Of a stack, from 0; all planes with such lines unless given.
    timeout, form, keep
        As in :func:`read_ngspice`.
    progress : callable, optional
        Called now and then with the share that is done, 0 to 1.

    Returns
    -------
    Sweep

    Raises
    ------
    CrossbarError
        A line that is not there or floats, or no voltage to sweep.
    """
    began = time.perf_counter()
    low, high = scalar(start, "start"), scalar(stop, "stop")
    if whole(points, "points") < 2 or low == high:
        raise CrossbarError(f"{points} points from {low:g} to {high:g} V: 2 or more, ends apart")
    klu = ngspice.features().klu
    check_memory(array, form=form, points=points)
    names = _swept(build(array), word, bit, plane)
    step = (high - low) / (points - 1)
    analysis = Analysis(
        cards=[f".dc Vsweep {number(low)} {number(high)} {number(step)}"],
        save=("ports", "crossings"),
        sources=dict.fromkeys(names, "DC 0"),
        reference=dict.fromkeys(names, "sweep"),
        extra=[f"Vsweep sweep 0 DC {number(low)}"],
        options=_sweep_options(array, max(abs(low), abs(high))),
    )
    deck = write_deck(array, analysis, klu=klu, form=form)
    (plot,) = ngspice.run(
        deck.text, timeout=timeout, keep=keep, osdi=deck.libraries, progress=progress
    )
    every = np.arange(points)
    word_voltages, bit_voltages = crossing_voltages(plot, deck, every)
    return Sweep(
        np.linspace(low, high, points),
        plane_currents(plot, deck, "bit", every),
        plane_currents(plot, deck, "word", every),
        word_voltages - bit_voltages,
        tuple(names),
        time.perf_counter() - began,
        "ngspice",
        deck.form,
    )


def _swept(
    network: Network, word: Sequence[int] | None, bit: Sequence[int] | None, plane: int | None
) -> list[str]:
    """Names of the sources of the lines to be swept."""
    asked = {"word": word, "bit": bit}
    if word is None and bit is None:
        rows = len(next(p for p in network.planes if p.lines.kind == "word").nodes)
        asked["word"] = range(rows)
    if plane is not None and not 0 <= plane < len(network.planes):
        raise CrossbarError(f"plane {plane}: 0 to {len(network.planes) - 1} are there")
    names = []
    for p, found in enumerate(network.planes):
        if plane is not None and p != plane:
            continue
        for line in asked[found.lines.kind] or ():
            if not 0 <= whole(line, "a swept line") < len(found.ports):
                raise CrossbarError(
                    f"{found.lines.kind} line {line} cannot be swept: 0 to {len(found.ports) - 1} are "
                    "there"
                )
            if found.ports[line] is None:
                raise CrossbarError(f"{found.lines.kind} line {line} floats and cannot be swept")
            names.append(found.lines.source(line))
    if not names:
        raise CrossbarError("no line is swept: name a word or a bit line of the plane")
    return names


def _sweep_options(array: Crossbar | Stack, most: float) -> dict[str, str]:
    """Newton's tolerances by the largest voltage of the sweep, whatever else is applied."""
    layers = []
    for layer in layers_of(array):
        applied = max(most, float(np.abs(layer.voltages).max()))
        layers.append(layer.changed(voltages=np.full(layer.rows, applied)))
    return newton(layers)
