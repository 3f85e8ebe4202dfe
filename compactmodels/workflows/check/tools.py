"""The tools that a model is run in, behind one face: the equations themselves, and the compiled module.

Each answers the same two questions at held settings: current and slope, and the states' rates.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from compactmodels.dual import Dual
from compactmodels.errors import CompactModelsError
from compactmodels.files import write_text
from compactmodels.workflows.check.subject import Setting, Subject

FloatArray = NDArray[np.float64]

NUMPY, NGSPICE, OPENVAF, OSDI, CARD = "NumPy", "ngspice", "OpenVAF", "OSDI", "card file"
TOOLS: Final = (NUMPY, NGSPICE, OPENVAF, OSDI, CARD)


class Tool(Protocol):
    """What every tool can do.

    Voltages have the shape (n,), k settings give (k, n). A tool that cannot apply a voltage to the
    last bit says which it applied.
    """

    name: str

    @property
    def version(self) -> str:
        """What it is, or why it cannot be used."""

    def currents(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Voltages applied [V], and the currents [A] into p with the states held."""

    def slopes(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Currents [A], and their derivatives dI/dV [S]."""

    def rates(
        self, settings: Sequence[Setting], v: FloatArray, *, away: bool = False
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Voltages applied [V], and each state's rate [1/s] where the states are forced.

        The device began where it is; ``away``: at the far end of its states' ranges.
        """

    def measured(
        self, settings: Sequence[Setting], v: FloatArray
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Voltages applied, currents and rates."""

    def over_temperature(self, x: Setting, v: FloatArray, kelvin: FloatArray) -> FloatArray:
        """Held currents [A], shape (temperatures, voltages)."""


class Equations:
    """The model's own equations in NumPy; slopes by dual numbers."""

    name = NUMPY

    def __init__(self, subject: Subject) -> None:
        self._model = subject.card.model

    @property
    def version(self) -> str:
        """NumPy's."""
        return np.__version__

    def currents(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of the model, at the voltages themselves."""
        return v, np.array([self._current(x, v) for x in settings])

    def slopes(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of the model, by dual numbers."""
        seed = Dual(v, np.ones((1, v.size)))
        found = [self._model_current(x, seed) for x in settings]
        currents = np.array([np.broadcast_to(i.value, v.shape) for i in found])
        return currents, np.array([np.broadcast_to(i.partials[0], v.shape) for i in found])

    def rates(
        self, settings: Sequence[Setting], v: FloatArray, *, away: bool = False
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Of the model's laws."""
        rows = [
            self._model.rates(v, x.w, x.s, x.values, temperature=x.temperature) for x in settings
        ]
        with np.errstate(all="ignore"):
            return v, {
                state: np.array([np.broadcast_to(row[k], v.shape) for row in rows])
                for k, state in enumerate(self._model.states)
            }

    def measured(
        self, settings: Sequence[Setting], v: FloatArray
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Currents alone: nobody compares the equations' rates with themselves."""
        return v, self.currents(settings, v)[1], {}

    def over_temperature(self, x: Setting, v: FloatArray, kelvin: FloatArray) -> FloatArray:
        """Of the model, all temperatures at once."""
        with np.errstate(all="ignore"):
            found = self._model.current(
                v[None, :], x.values, w=x.w, s=x.s, temperature=kelvin[:, None]
            )
        return np.asarray(np.broadcast_to(found, (kelvin.size, v.size)))

    def _current(self, x: Setting, v: FloatArray) -> FloatArray:
        return np.asarray(np.broadcast_to(self._model_current(x, v), v.shape), dtype=float)

    def _model_current(self, x: Setting, v: Any) -> Any:
        with np.errstate(all="ignore"):  # what is not finite is found by whoever asked
            return x.multiplier * self._model.current(
                v, x.values, w=x.w, s=x.s, temperature=x.temperature
            )


class CompiledModule:
    """The emitted Verilog-A, compiled by OpenVAF and evaluated by openvaf-py."""

    name = OPENVAF

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    @cached_property
    def compiled(self) -> Any:
        """The module; ToolMissing or SimulationError where there is none."""
        from veriloga.compiled import compile_module

        with tempfile.TemporaryDirectory() as folder:
            path = write_text(Path(folder) / f"{self._subject.name}.va", self._subject.veriloga)
            return compile_module(path)

    @property
    def version(self) -> str:
        """openvaf-py's."""
        return _distribution("openvaf-py")

    def currents(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """At the voltages themselves."""
        return v, self.slopes(settings, v)[0]

    def slopes(self, settings: Sequence[Setting], v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """From the compiler's own Jacobian, the inner nodes eliminated."""
        pairs = np.array(
            [
                [
                    self.compiled.operating_point(
                        _with_multiplier(x), float(bias), w=x.w, s=x.s, temperature=x.temperature
                    )
                    for bias in v
                ]
                for x in settings
            ]
        )
        return pairs[..., 0], pairs[..., 1]

    def rates(
        self, settings: Sequence[Setting], v: FloatArray, *, away: bool = False
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """From the residuals of the state nodes, with ``hold = 0``; of all m devices together."""
        rows = [
            [
                self.compiled.rates(
                    _with_multiplier(x), float(bias), w=x.w, s=x.s, temperature=x.temperature
                )
                for bias in v
            ]
            for x in settings
        ]
        states = self._subject.card.model.states
        many = np.array([[x.multiplier] for x in settings])
        return v, {
            s: np.array([[point[s] for point in row] for row in rows]) / many for s in states
        }

    def measured(
        self, settings: Sequence[Setting], v: FloatArray
    ) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
        """Both, one after the other."""
        return v, self.currents(settings, v)[1], self.rates(settings, v)[1]

    def over_temperature(self, x: Setting, v: FloatArray, kelvin: FloatArray) -> FloatArray:
        """One evaluation for each temperature."""
        return self.currents([x.changed(temperature=float(t)) for t in kelvin], v)[1]

    def held_states(self, settings: Sequence[Setting], v: FloatArray) -> list[dict[str, float]]:
        """Where each state's node has to be for its own balance, ``hold = 1``; by setting, then voltage.

        One step of Newton's method from the start, over the node alone: where the state is held its
        balance is a straight line.
        """
        states = self._subject.card.model.states
        found = []
        for x in settings:
            for bias in v:
                nodes = dict.fromkeys(self.compiled.nodes, 0.0) | {"p": float(bias)}
                nodes |= {f"state_{s}": x.state(s) for s in states}
                residual, _, jacobian = self.compiled.system(
                    x.values, nodes, hold=1.0, w0=x.w, s0=x.s, temperature=x.temperature
                )
                rows = {s: self.compiled.nodes.index(f"state_{s}") for s in states}
                with np.errstate(all="ignore"):
                    step = {s: residual[k] / jacobian[k, k] for s, k in rows.items()}
                found.append({s: x.state(s) - float(step[s]) for s in states})
        return found


def _with_multiplier(x: Setting) -> dict[str, float]:
    return {**x.values, "mfactor": x.multiplier}


def _distribution(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def described(tool: Tool) -> str:
    """The tool's version, or the sentence that says why there is none."""
    try:
        return tool.version
    except CompactModelsError as error:
        return error.message
