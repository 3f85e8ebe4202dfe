"""Held devices in ngspice: many in one deck, each with an ammeter, all driven by one sweep."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ZERO_CELSIUS
from compactmodels.errors import ToolMissing
from compactmodels.names import number
from compactmodels.traced import STATE_CAPACITANCE
from compactmodels.workflows.check.subject import Setting, Subject
from compactmodels.workflows.check.tools import NGSPICE, OSDI

FloatArray = NDArray[np.float64]

TIGHT: Final = "reltol=1e-11 abstol=1e-20 vntol=1e-14 itl1=500 itl2=500 gmin=1e-30"
"""Options under which a simulator's own tolerances do not count."""
TIMEOUT: Final = 120.0
"""s of wall time for one deck."""
CROWD: Final = 40
"""Devices in one deck."""
STAIR: Final = 1e4
"""s of a step of a staircase: so long that no charge of a state's node has anything to round."""
STAIRS: Final = "reltol=1e-11 abstol=1e-16 vntol=1e-14 itl4=200 gmin=1e-30 trtol=1e12"
"""Options of a staircase: only the ends of its steps count, so no error of integration is asked for."""


class Subcircuit:
    """The emitted subcircuit in ngspice."""

    name = NGSPICE

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.text = subject.subcircuit
        self.osdi: tuple[Any, ...] = ()
        self._last: Any = None

    @property
    def version(self) -> str:
        """ngspice's."""
        from netlists.ngspice import version

        return version().text.removeprefix("ngspice-").split(" ")[0]

    def device(self, label: str, p: str, n: str, x: Setting, **more: float) -> str:
        """The line (or lines) of one instance."""
        given = {"w0": x.w, "s0": x.s, **more, **x.parameters}
        if x.multiplier != 1.0:
            given["m"] = x.multiplier
        words = " ".join(f"{k}={number(v)}" for k, v in given.items())
        return f"X{label} {p} {n} {self.subject.name} {words}"

    def state_node(self, label: str, state: str) -> str:
        """The node whose volts are the state."""
        return f"x{label}.{state}"

    def run(self, title: str, body: str, temperature: float, options: str = TIGHT) -> Any:
        """The plots of a deck with this body."""
        from netlists.ngspice import run

        deck = (
            f"{title} of {self.subject.name}\n{self.text}\n{body}\n"
            f".options temp={number(temperature - ZERO_CELSIUS)} {options}\n.end\n"
        )
        return run(deck, timeout=TIMEOUT, title=f"{self.subject.name}: {title}", **self._loaded())

    def _loaded(self) -> dict[str, Any]:
        return {"osdi": self.osdi} if self.osdi else {}

    # -- what every tool answers ------------------------------------------------------------------
    def currents(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By one ``.dc`` over the list of voltages, ``hold = 1``."""
        applied, rows = v, np.empty((len(settings), v.size))
        for kelvin, places in _crowds(settings):
            lines = [_driven(v)]
            for k in places:
                lines.append(f"V{k} point p{k} 0")
                lines.append(self.device(str(k), f"p{k}", "0", settings[k], hold=1))
            saved = " ".join(f"i(v{k})" for k in places)
            lines.append(f".save v(point) {saved}\n.dc Vindex 0 {v.size - 1} 1")
            (plot,) = self.run("held currents", "\n".join(lines), kelvin)
            applied = plot["point"]
            for k in places:
                rows[k] = plot[f"v{k}#branch"]
        return applied, rows

    def rates(
        self, settings: Sequence[Setting], v: FloatArray, *, away: bool = False
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """The current that a source takes which forces the state's node, ``hold = 0``."""
        applied, _, found = self._forced(settings, v, away)
        return applied, found

    def measured(
        self, settings: Sequence[Setting], v: FloatArray
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Currents and rates of one run, the states forced."""
        return self._forced(settings, v, False)

    def _forced(
        self, settings: Sequence[Setting], v: FloatArray, away: bool
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        states = self.subject.card.model.states
        applied, currents = v, np.empty((len(settings), v.size))
        found = {s: np.empty((len(settings), v.size)) for s in states}
        for kelvin, places in _crowds(settings):
            lines = [_driven(v)]
            for k in places:
                lines.append(f"V{k} point p{k} 0")
                lines += self._forced_device(str(k), f"p{k}", settings[k], away)
            saved = " ".join(f"i(v{k})" for k in places)
            saved += "".join(f" i(v{s}{k})" for k in places for s in states)
            lines.append(f".save v(point) {saved}\n.dc Vindex 0 {v.size - 1} 1")
            (plot,) = self.run("currents and rates", "\n".join(lines), kelvin)
            applied = plot["point"]
            for k in places:
                currents[k] = plot[f"v{k}#branch"]
                for s in states:
                    found[s][k] = plot[f"v{s}{k}#branch"] / STATE_CAPACITANCE
        return applied, currents, found

    def _forced_device(self, label: str, p: str, x: Setting, away: bool) -> list[str]:
        """A device, and sources that hold its states' nodes whatever its rates are."""
        states = self.subject.card.model.states
        # A start outside of [0, 1] is no valid parameter, a forced state there is.
        start = {
            f"{s}0": float(x.state(s) < 0.5) if away else min(max(x.state(s), 0.0), 1.0)
            for s in states
        }
        sources = [
            f"V{s}{label} {self.state_node(label, s)} 0 {number(x.state(s))}" for s in states
        ]
        return [self.device(label, p, "0", x, hold=0, **start), *sources]

    def slopes(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By ``.op`` and ``.ac`` of one device for each setting and voltage, ``hold = 1``."""
        ops, acs = self.operating_points(settings, v)
        shape = (len(settings), v.size)
        current, slope = np.empty(shape), np.empty(shape)
        for k in range(current.size):
            place, name = np.unravel_index(k, shape), f"v{k}#branch"
            current[place] = next(-plot[name][0] for plot in ops if name in plot)
            slope[place] = next(-plot[name][0].real for plot in acs if name in plot)
        return current, slope

    def held_states(self, settings: Sequence[Setting], v: FloatArray) -> list[dict[str, float]]:
        """Volts of each state's node in an operating point; by setting, then voltage."""
        ops, _ = self.operating_points(settings, v)
        found = []
        for k in range(len(settings) * v.size):
            nodes = {s: self.state_node(str(k), s) for s in self.subject.card.model.states}
            found.append(
                {s: float(plot[n][0]) for plot in ops for s, n in nodes.items() if n in plot}
            )
        return found

    def operating_points(
        self, settings: Sequence[Setting], v: FloatArray, hold: float = 1.0
    ) -> tuple[list[Any], list[Any]]:
        """The ``.op`` and ``.ac`` (1 Hz) plots; device k n + j has setting k and voltage j.

        Settings of one temperature share a deck. The last answer is kept: two checks ask for it.
        """
        key = (list(settings), v.tolist(), hold)
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        ops, acs = [], []
        for kelvin, places in _crowds(settings, max(1, CROWD // v.size)):
            lines = []
            for k in places:
                for j, volts in enumerate(v):
                    at = k * v.size + j
                    lines.append(f"V{at} p{at} 0 dc {number(volts)} ac 1")
                    lines.append(self.device(str(at), f"p{at}", "0", settings[k], hold=hold))
            lines.append(".op\n.ac lin 1 1 1")
            op, ac = self.run("operating points", "\n".join(lines), kelvin)
            ops.append(op)
            acs.append(ac)
        self._last = key, (ops, acs)
        return ops, acs

    def over_temperature(self, x: Setting, v: FloatArray, kelvin: FloatArray) -> FloatArray:
        """By one ``.dc temp``, a device for each voltage, ``hold = 1``."""
        lines = []
        for k, volts in enumerate(v):
            lines.append(f"V{k} p{k} 0 {number(volts)}")
            lines.append(self.device(str(k), f"p{k}", "0", x, hold=1))
        ends = " ".join(number(t - ZERO_CELSIUS) for t in (kelvin[0], kelvin[-1]))
        saved = " ".join(f"i(v{k})" for k in range(v.size))
        lines.append(f".save {saved}\n.dc temp {ends} {number(kelvin[1] - kelvin[0])}")
        (plot,) = self.run("temperatures", "\n".join(lines), float(kelvin[0]))
        return np.array([-plot[f"v{k}#branch"] for k in range(v.size)]).T


class CompiledDevice(Subcircuit):
    """The same card as a compiled device (OSDI) in ngspice, behind the same pins."""

    name = OSDI

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.text = ""

    def run(self, title: str, body: str, temperature: float, options: str = TIGHT) -> Any:
        """The plots of a deck with this body; the library is built at the first."""
        self._build()
        return super().run(title, body, temperature, options)

    @property
    def version(self) -> str:
        """Whether it can be had."""
        self._build()
        return f"C behind the OSDI interface, in ngspice {super().version}"

    def _build(self) -> None:
        from netlists import osdi

        if self.osdi:
            return
        reason = osdi.unavailable()
        if reason is not None:
            raise ToolMissing(reason)
        self.osdi = (osdi.build(self.subject.card),)
        self.text = osdi.model_lines(self.subject.card)

    def measured(
        self, settings: Sequence[Setting], v: FloatArray
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Currents with the states held, rates with them forced."""
        applied, currents = self.currents(settings, v)
        return applied, currents, self.rates(settings, applied)[1]

    def rates(
        self, settings: Sequence[Setting], v: FloatArray, *, away: bool = False
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """The same source's current, in a transient over a staircase of the voltages.

        A static analysis sees the states of such a device where they began, whatever ``hold`` is.
        """
        states = self.subject.card.model.states
        found = {s: np.empty((len(settings), v.size)) for s in states}
        corners = " ".join(
            f"{number(STAIR * (k + share))} {number(volts)}"
            for k, volts in enumerate(v)
            for share in (0.5, 0.9)
        )
        for kelvin, places in _crowds(settings):
            lines = [f"V1 point 0 PWL(0 {number(v[0])} {corners})"]
            for k in places:
                lines += self._forced_device(str(k), "point", settings[k], away)
            saved = " ".join(f"i(v{s}{k})" for k in places for s in states)
            lines.append(
                f".save v(point) {saved}\n.tran {number(STAIR / 2)} {number(STAIR * v.size)}"
            )
            (plot,) = self.run("rates", "\n".join(lines), kelvin, STAIRS)
            ends = STAIR * (np.arange(v.size) + 0.9)
            at = [int(np.argmin(np.abs(plot["time"] - end))) for end in ends]
            for k in places:
                for s in states:
                    found[s][k] = plot[f"v{s}{k}#branch"][at] / STATE_CAPACITANCE
        return v, found


def _driven(v: FloatArray) -> str:
    """A node ``point`` that goes through the voltages as ``Vindex`` counts; pwl wants two at least."""
    pairs = ",\n+ ".join(f"{k}, {number(volts)}" for k, volts in enumerate([*v, v[-1]]))
    return f"Vindex index 0 0\nBpoint point 0 V=pwl(v(index),\n+ {pairs})"


def _crowds(settings: Sequence[Setting], most: int = CROWD) -> list[tuple[float, list[int]]]:
    """Places of the settings that share a deck: one temperature, not too many."""
    order = sorted(range(len(settings)), key=lambda k: settings[k].temperature)
    found = []
    for kelvin, group in groupby(order, key=lambda k: settings[k].temperature):
        places = list(group)
        found += [(kelvin, places[a : a + most]) for a in range(0, len(places), most)]
    return found
