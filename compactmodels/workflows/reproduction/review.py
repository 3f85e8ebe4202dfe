"""What the review says of devices and arrays in general, shown on library cards."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.integrate import Response
from compactmodels.workflows.reproduction.lab import Lab, Measure, current_at, top_of
from compactmodels.workflows.reproduction.published import Paper, paper
from compactmodels.workflows.reproduction.review_learning import variation
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

START: Final = 0.44
"""w from which the linear-drift card is swept."""
MIDDLE: Final = 1
"""Which of the frequencies moves w about 0.5, from 0.44 to 0.56."""
CLEAR: Final = 0.2
"""V, from which V/I says something."""
SINGLE: Final = 0.05
"""Of the range of M: M(q) that differs by less between both ways is single-valued."""
ALIKE: Final = 1e-3
"""Relative: changes of a first-order state that are the same."""
LINES: Final = (8, 16, 32)
SEGMENT: Final = 1.0
"""ohm from cell to cell."""
VOLTAGE: Final = 0.1
"""V on every word line."""


def _review() -> Paper:
    return paper("review")


def _charge(found: Response) -> FloatArray:
    """Charge [C] that has passed at each point of a record."""
    steps = 0.5 * (found.current[1:] + found.current[:-1]) * np.diff(found.time)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _memristance(found: Response, way: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Charge [C], rising, and V/I [ohm] of the part of a record in which the voltage is clear."""
    use = way & (np.abs(found.voltage) > CLEAR)
    charge, m = _charge(found)[use], found.voltage[use] / found.current[use]
    order = np.argsort(charge)
    return charge[order], m[order]


def hp(lab: Lab) -> Measured:
    """Loops that shrink as the frequency rises, pinched at 0; the memristance against charge."""
    card, rate, area, pinch, found = lab.card("hp"), [], [], [], []
    for _, protocol in _review().over("frequency"):
        one = lab.run(card, protocol, w0=START, points=200)
        found.append(one)
        rate.append(1.0 / protocol.duration)
        half = one.time <= 0.5 * protocol.duration
        area.append(abs(float(np.trapezoid(one.current[half], one.voltage[half]))))
        zero = current_at(one, protocol.time[protocol.voltage == 0.0])
        pinch.append(float(np.max(np.abs(zero)) / np.max(np.abs(one.current))))
    ups = [_memristance(one, one.time <= 0.5 * one.time[-1]) for one in found]
    back = found[MIDDLE]
    down = _memristance(back, back.time > 0.5 * back.time[-1])
    way = max(_apart(one, ups[MIDDLE]) for one in ups)
    both = _apart(ups[MIDDLE], down)
    return Measured(
        orders=[Order("area of the positive lobe [W] against the frequency [Hz]", rate, area, rising=False)],
        events=[
            Happens("pinched at 0 V", max(pinch) < 1e-3, f"{max(pinch):.1g} of the largest current"),
            Happens("one M(q) at all frequencies", way < SINGLE, f"{way:.1g} of its range apart"),
            Happens("the same M(q) on the way back", both < SINGLE, f"{both:.1%} of its range apart"),
        ],
        panels=[
            Panel(
                "Fig. 1b: pinched loops",
                "Voltage (V)",
                "Current (mA)",
                [
                    Curve(one.voltage, 1e3 * one.current, f"{f:g} Hz")
                    for f, one in zip(rate, found, strict=True)
                ],
            ),
            Panel(
                f"Memristance, {rate[MIDDLE]:g} Hz",
                "Charge (uC)",
                "M (ohm)",
                [
                    Curve(1e6 * ups[MIDDLE][0], ups[MIDDLE][1], "0, 1, 0 V"),
                    Curve(1e6 * down[0], down[1], "0, -1, 0 V"),
                ],
            ),
        ],
        note="triangular waves of 1 V; the way back about w = 0.5, where the card's window is the same in both "
        "directions",
    )  # fmt: skip


def _apart(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> float:
    """Largest difference of two M(q) over the charge they share, of the second's range."""
    low, high = max(one[0][0], other[0][0]), min(one[0][-1], other[0][-1])
    q = np.linspace(low, high, 100)
    return float(np.max(np.abs(np.interp(q, *one) - np.interp(q, *other))) / np.ptp(other[1]))


def orders(lab: Lab) -> Measured:
    """First order: the integral of the voltage alone counts; second order: the time between pulses too."""
    card, w = lab.card("hp"), []
    for _, protocol in _review().over("apart"):
        w.append(float(lab.run(card, protocol, w0=START).w[-1]))
    moved = np.array(w) - START
    spread = float(np.ptp(moved) / moved[0])
    once, half = (
        float(lab.run(card, _review().protocol(name), w0=START).w[-1]) - START
        for name in ("pulse", "half")
    )
    same = abs(half / once - 1.0)
    second, gap, index = lab.card("mose2"), [], []
    for x, protocol in _review().over("interval"):
        found = lab.run(second, protocol)
        a = current_at(found, [top_of(protocol, 1), top_of(protocol, 2)])
        gap.append(x)
        index.append(float(a[1] / a[0] - 1.0))
    return Measured(
        orders=[Order("second order: (A2 - A1)/A1 against the interval [s]", gap, index, rising=False)],
        events=[
            Happens("first order: pulses 1 ms and 1 s apart act alike", spread < ALIKE, f"{spread:.1g} apart"),
            Happens("first order: half the voltage for twice the time too", same < ALIKE, f"{same:.1g} apart"),
        ],
        panels=[
            Panel(
                "Two pulses",
                "Interval (s)",
                "Second change over the first",
                [Curve(gap, index, "second order (mose2)", points=True)],
            )
        ],
        note="hp and mose2",
    )  # fmt: skip


def line_resistance(lab: Lab) -> Measured:
    """Error of the bit-line currents against the size of the array, and against the layers it is cut into."""
    from netlists.array import draw_states

    most = LINES[-1]
    w = draw_states(most, most, lab.seed)
    whole = {n: _array(lab, w[:n, :n]) for n in LINES}
    size = [_error(read, ideal) for read, ideal, _ in whole.values()]
    layers, cut = [], []
    for n in reversed(LINES):
        starts = range(0, most, n)
        read, ideal = np.zeros(most), np.zeros(most)
        for i in starts:
            for j in starts:
                one, exact, _ = whole[n] if i == j == 0 else _array(lab, w[i : i + n, j : j + n])
                read[j : j + n] += one
                ideal[j : j + n] += exact
        layers.append((most // n) ** 2)
        cut.append(_error(read, ideal))
    return Measured(
        orders=[
            Order("mean error of a bit line's current against its cells", list(LINES), size),
            Order(f"the same of {most} x {most} cells against the layers", layers, cut, rising=False),
        ],
        panels=[
            Panel(
                "Line resistance",
                "Cells of a line",
                "Mean error of the current",
                [Curve(list(LINES), size, points=True)],
            ),
            Panel(f"{most} x {most} cells: voltage of a cell (V)", image=whole[most][2].tolist()),
        ],
        note=f"{SEGMENT:g} ohm from cell to cell, {VOLTAGE} V on every word line, states drawn uniformly; the "
        "currents of layers add up",
    )  # fmt: skip


def _error(read: FloatArray, ideal: FloatArray) -> float:
    return float(np.mean(np.abs(read / ideal - 1.0)))


def _array(lab: Lab, w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Currents [A] with and without line resistance, and the voltage [V] of each cell."""
    from netlists.array import Crossbar, ideal_currents

    card, (rows, cols) = lab.card("hp"), w.shape
    array = Crossbar(
        rows=rows,
        cols=cols,
        card=card,
        w=w,
        voltages=np.full(rows, VOLTAGE),
        r_word=SEGMENT,
        r_bit=SEGMENT,
    )
    lab.told(f"{card.name}: {rows} x {cols} cells")
    if lab.engine == "ngspice":
        from netlists.crossbar import read_ngspice

        found = read_ngspice(array, timeout=lab.timeout)
        out = found.currents, found.ideal, found.cell_voltages
    else:
        cells = np.asarray(card.model.current(VOLTAGE, card.values, w=w)) / VOLTAGE
        currents, across = solve_lines(cells, np.full(rows, VOLTAGE), SEGMENT)
        out = currents, ideal_currents(array), across
    lab.runs.append((f"{rows} x {cols} cells", 1, 0))
    return out


def solve_lines(
    cells: FloatArray, voltages: FloatArray, resistance: float
) -> tuple[FloatArray, FloatArray]:
    """Node equations of an array of linear cells, solved densely (:mod:`netlists.array` has the convention).

    Parameters
    ----------
    cells : (m, n) array
        Conductances [S].
    voltages : (m,) array
        Of the word lines' sources [V].
    resistance : float
        Of one segment of a line [ohm].

    Returns
    -------
    currents : (n,) array
        Out of each bit line [A].
    across : (m, n) array
        Voltage of each cell [V].
    """
    rows, cols = cells.shape
    node = np.arange(2 * rows * cols).reshape(2, rows, cols)
    word, bit = node
    g = np.zeros((node.size, node.size))
    line = 1.0 / resistance

    def join(a: NDArray[np.int64], b: NDArray[np.int64], value: FloatArray | float) -> None:
        a, b = a.ravel(), b.ravel()
        value = np.broadcast_to(np.ravel(value), a.shape)
        np.add.at(g, (a, a), value)
        np.add.at(g, (b, b), value)
        np.add.at(g, (a, b), -value)
        np.add.at(g, (b, a), -value)

    join(word, bit, cells)
    join(word[:, :-1], word[:, 1:], line)
    join(bit[:-1], bit[1:], line)
    first, last = word[:, 0], bit[-1]
    g[first, first] += line
    g[last, last] += line
    right = np.zeros(node.size)
    right[first] = line * voltages
    v = np.linalg.solve(g, right)
    return line * v[last], v[word] - v[bit]


MEASURES: Final[dict[str, Measure]] = {
    "review.hp": hp,
    "review.orders": orders,
    "review.line_resistance": line_resistance,
    "review.variation": variation,
}
"""How each target is measured."""
