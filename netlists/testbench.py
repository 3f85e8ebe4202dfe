"""A test bench for a card: a deck that ngspice runs as it is, at the device's own voltages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE, ZERO_CELSIUS
from compactmodels.names import comment, identifier, number
from compactmodels.protocols import Protocol, for_card
from compactmodels.templating import render
from netlists.simulation import pairs
from netlists.subcircuit import subcircuit
from netlists.symbols_output import write_emitted

READ_VOLTAGE: Final = 0.1
"""V, where the card states none."""
START: Final = 0.1
"""State w that the loop and the small-signal analyses begin at: off its bounds, near the HRS."""
STATES: Final = (0.0, 0.5, 1.0)
"""States w of the DC sweeps."""
DC_POINTS: Final = 61
AC: Final = (1.0, 1e9)
NOISE: Final = (1.0, 1e6)
"""Hz."""
EXACT: Final = "reltol=1e-9 abstol=1e-18 vntol=1e-12"
TRANSIENT: Final = "reltol=1e-6 vntol=1e-9 abstol=1e-12"
"""Measured over the library: at 1e-4 states are up to 0.01 off where they switch, and the loop is no quicker."""


def emit_testbench(card: ModelCard, folder: Path) -> Path:
    """Write ``<card>_tb.cir``, and ``<card>.cir`` that it includes, into ``folder``.

    Parameters
    ----------
    card : ModelCard
    folder : Path

    Returns
    -------
    Path
        Of the bench.

    Raises
    ------
    InputError
        Code ``cannot_write`` or ``name_taken``; nothing was written.
    NetlistError
        A name that may not stand in a netlist.
    """
    module = identifier(card.name, "test bench")
    texts = {f"{module}.cir": subcircuit(card), f"{module}_tb.cir": bench_deck(card)}
    return write_emitted(card, folder, texts)[-1]


def bench_deck(card: ModelCard) -> str:
    """The deck: an operating point, DC sweeps and small signals at held states, and a hysteresis loop."""
    module = identifier(card.name, "test bench")
    read, loop = read_sweep(card), hysteresis(card)
    moving = list(card.model.states)
    states = STATES if "w" in moving else (START,)
    step = min(loop.max_step, loop.duration / 50)
    rise = (read.voltage[-1] - read.voltage[0]) / (read.voltage.size - 1)
    return render(
        "netlists",
        "testbench.cir.j2",
        module=module,
        title=comment(card.title),
        card=card.name,
        version=__version__,
        story=_story(card, module, read, loop, states),
        w0=number(START),
        s0=number(0.0),
        celsius=number(ROOM_TEMPERATURE - ZERO_CELSIUS),
        v_read=number(read_voltage(card)),
        loop=pairs(loop.time, loop.voltage),
        states=[{"number": k, "w": number(w)} for k, w in enumerate(states, 1)],
        dc={
            "start": number(read.voltage[0]),
            "stop": number(read.voltage[-1]),
            "step": number(rise),
        },
        ac=_decades(*AC),
        noise=_decades(*NOISE),
        step=number(step),
        duration=number(loop.duration),
        moving=moving,
        exact=EXACT,
        transient=TRANSIENT,
    )


def read_voltage(card: ModelCard) -> float:
    """Voltage [V] of the operating point."""
    return card.operation.get("v_read", READ_VOLTAGE)


def read_sweep(card: ModelCard) -> Protocol:
    """The DC sweep: the card's own range, else the one it was fitted in, else -1 to 1 V."""
    return for_card(
        "dc", {**_fitted(card, "dc_min", "dc_max"), **card.operation}, {"points": DC_POINTS}
    )


def hysteresis(card: ModelCard) -> Protocol:
    """The loop, from the same sources."""
    return for_card("sweep", {**_fitted(card, "v_reset", "v_set"), **card.operation}, {})


def _fitted(card: ModelCard, low: str, high: str) -> Mapping[str, float]:
    span = card.fitted_range
    return (
        {} if span is None or not span[0] < span[1] else dict(zip((low, high), span, strict=True))
    )


def _origin(card: ModelCard, *keys: str) -> str:
    if all(k in card.operation for k in keys):
        return "the card's own"
    if card.fitted_range is not None and len(keys) > 1:
        return "the range that the card was fitted in"
    return "the card states none"


def _decades(start: float, stop: float) -> dict[str, str]:
    return {"points": "5", "start": number(start), "stop": number(stop)}


def _story(
    card: ModelCard, module: str, read: Protocol, loop: Protocol, states: tuple[float, ...]
) -> list[str]:
    """What the deck does, a line for each table."""
    v = read.voltage
    path = ", ".join(f"{x:g}" for x in loop.voltage)
    rate = float(np.max(np.abs(np.diff(loop.voltage) / np.diff(loop.time))))
    at = f"at {read_voltage(card):g} V ({_origin(card, 'v_read')}), w = {START:g}"
    sweeps = [
        f"{module}_tb_dc{k}.txt    .dc    {v[0]:g} to {v[-1]:g} V at w = {w:g} ({_origin(card, 'dc_min', 'dc_max')})"
        for k, w in enumerate(states, 1)
    ]
    return [
        f"{module}_tb_op.txt     .op    {at}",
        f"{module}_tb_ac.txt     .ac    {at}: conductance and susceptance, {AC[0]:g} to {AC[1]:g} Hz",
        f"{module}_tb_noise.txt  .noise {at}, {NOISE[0]:g} to {NOISE[1]:g} Hz",
        *sweeps,
        f"{module}_tb_loop.txt   .tran  {path} V at {rate:g} V/s "
        f"({_origin(card, 'v_set', 'v_reset')}) from w = {START:g}",
    ]
