"""An array from what a user asks for: sizes, lines, states from chance or a file, selector, faults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from netlists.array import (
    Crossbar,
    Faults,
    Pairs,
    Selector,
    Transistor,
    csv_matrix,
    differential_pairs,
    draw_faults,
    draw_parameters,
    draw_states,
    load_states,
    read_mos_model,
    threshold_selector,
)

SELECTORS: Final = ("none", "1t1r", "1s1r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayOptions:
    """What a user can say about an array; every default is a plain array of random states.

    Parameters
    ----------
    rows, cols : int, optional
        8 each; those of the file where states or weights come from one.
    line_resistance : float
        Of a segment of every line [ohm], where ``r_word`` and ``r_bit`` say nothing else.
    r_word, r_bit : float, optional
        [ohm]
    r_source, r_sense : float
        [ohm]
    line_capacitance : float
        Of a segment of every line [F].
    drive, outputs : str
        Where word lines meet their sources and bit lines their outputs, one of
        :data:`netlists.array.ENDS`.
    voltage : float
        On every word line [V].
    temperature : float
        [K]
    seed : int
        Of states, faults and variation.
    states : str
        A distribution (``uniform``, ``normal``, ``binary``), or the path of an image or a CSV.
    weights : Path, optional
        A CSV of signed weights, outputs by inputs: differential pairs instead of states.
    g_low, g_high : float, optional
        Conductances of the smallest and largest weight [S].
    variation : bool
        Whether cells differ as the card's statistics say.
    selector : str
        One of :data:`SELECTORS`.
    gate : float
        Of every gate line [V].
    mos_model : Path, optional
        A file with the transistor's ``.model``.
    v_threshold, v_hold : float
        Of the threshold selector [V].
    stuck_on, stuck_off, open_cells, shorted_cells : float
        Shares of faulty cells.
    broken_word, broken_bit : tuple of (int, int)
        Broken segments, as :class:`netlists.array.Faults` counts them.
    """

    rows: int | None = None
    cols: int | None = None
    line_resistance: float = 1.0
    r_word: float | None = None
    r_bit: float | None = None
    r_source: float = 0.0
    r_sense: float = 0.0
    line_capacitance: float = 0.0
    drive: str = "start"
    outputs: str = "end"
    voltage: float = 0.1
    temperature: float = ROOM_TEMPERATURE
    seed: int = 0
    states: str = "uniform"
    weights: Path | None = None
    g_low: float | None = None
    g_high: float | None = None
    variation: bool = False
    selector: str = "none"
    gate: float = 1.5
    mos_model: Path | None = None
    v_threshold: float = 0.5
    v_hold: float = 0.2
    stuck_on: float = 0.0
    stuck_off: float = 0.0
    open_cells: float = 0.0
    shorted_cells: float = 0.0
    broken_word: tuple[tuple[int, int], ...] = ()
    broken_bit: tuple[tuple[int, int], ...] = ()


def build(card: ModelCard, options: ArrayOptions) -> tuple[Crossbar, Pairs | None]:
    """The array, and the pairs that its columns are if it was made from weights.

    Raises
    ------
    InputError
        Options that contradict each other or a file, or that no array has.
    """
    w, pairs, note = _states(card, options)
    rows, cols = w.shape
    line = options.line_resistance
    array = Crossbar(
        rows=rows,
        cols=cols,
        card=card,
        w=w,
        voltages=np.full(rows, options.voltage),
        r_word=line if options.r_word is None else options.r_word,
        r_bit=line if options.r_bit is None else options.r_bit,
        r_source=options.r_source,
        r_sense=options.r_sense,
        c_word=options.line_capacitance,
        c_bit=options.line_capacitance,
        word_drive=options.drive,
        bit_drive=options.outputs,
        temperature=options.temperature,
        seed=options.seed,
        selector=_selector(options),
        faults=_faults(options, rows, cols),
        parameters=draw_parameters(card, rows, cols, options.seed) if options.variation else {},
        notes=[("states from", note)],
    )
    return array, pairs


def _states(card: ModelCard, options: ArrayOptions) -> tuple[Any, Pairs | None, str]:
    """States, the pairs that they are, and where they come from."""
    if options.weights is not None:
        if options.g_low is None or options.g_high is None:
            raise InputError("--weights needs --g-low and --g-high: conductances in S")
        v = options.voltage
        pairs = differential_pairs(
            csv_matrix(options.weights),
            card,
            g_low=options.g_low,
            g_high=options.g_high,
            v_read=v,
            temperature=options.temperature,
        )
        _agree(options, pairs.w.shape, str(options.weights))
        return pairs.w, pairs, f"weights {options.weights.name}, pairs of columns"
    if options.states in ("uniform", "normal", "binary"):
        rows, cols = options.rows or 8, options.cols or 8
        drawn = draw_states(rows, cols, options.seed, distribution=options.states)
        return drawn, None, f"{options.states} distribution"
    w = load_states(options.states)
    _agree(options, w.shape, options.states)
    return w, None, Path(options.states).name


def _agree(options: ArrayOptions, shape: tuple[int, ...], source: str) -> None:
    for name, found, asked in zip(
        ("rows", "cols"), shape, (options.rows, options.cols), strict=True
    ):
        if asked not in (None, found):
            raise InputError(
                f"'{source}' gives {found} {name}, --{name} says {asked}: leave one out"
            )


def _selector(options: ArrayOptions) -> Transistor | Selector | None:
    if options.selector == "1t1r":
        if options.mos_model is None:
            return Transistor(gate=options.gate)
        return Transistor(gate=options.gate, model=read_mos_model(options.mos_model))
    if options.mos_model is not None:
        raise InputError("--mos-model is of a transistor: --selector 1t1r is expected with it")
    if options.selector == "1s1r":
        return Selector(
            card=threshold_selector(v_threshold=options.v_threshold, v_hold=options.v_hold)
        )
    if options.selector != "none":
        raise InputError(
            f"selector {options.selector!r}: one of {', '.join(SELECTORS)} is expected"
        )
    return None


def _faults(options: ArrayOptions, rows: int, cols: int) -> Faults:
    drawn = draw_faults(
        rows,
        cols,
        options.seed,
        stuck_on=options.stuck_on,
        stuck_off=options.stuck_off,
        open_cells=options.open_cells,
        shorted_cells=options.shorted_cells,
    )
    return Faults(
        rows=rows,
        cols=cols,
        stuck_on=drawn.stuck_on,
        stuck_off=drawn.stuck_off,
        open_cells=drawn.open_cells,
        shorted_cells=drawn.shorted_cells,
        broken_word=options.broken_word,
        broken_bit=options.broken_bit,
    )
