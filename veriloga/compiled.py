"""Emitted Verilog-A through a real compiler, and its equations evaluated.

openvaf-py (OpenVAF inside) compiles a module and evaluates the residual and the Jacobian of the
whole system; that is what the toolkit holds its own numbers against.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError, ToolMissing
from compactmodels.traced import STATE_CAPACITANCE

FloatArray = NDArray[np.float64]
_NEWTON_STEPS = 400


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled module.

    Parameters
    ----------
    path : Path
        The source.
    module : VaModule
        openvaf-py's handle.
    nodes : tuple of str
        Nodes by name in the order of the equations; the first two are the terminals.
    """

    path: Path
    module: Any
    nodes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The module's name."""
        return str(self.module.name)

    def system(
        self,
        values: Mapping[str, float],
        voltages: Mapping[str, float],
        *,
        hold: float = 1.0,
        w0: float = 0.0,
        s0: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Residual currents [A], charges [C] and the Jacobian [S] at given node voltages [V].

        Shapes (k,), (k,) and (k, k) for k nodes; charges of the state nodes are the states times c_state.
        """
        # Missing names silently become 0 in openvaf-py: everything is passed, lower case.
        arguments = dict.fromkeys(self.module.param_names, 0.0)
        arguments |= dict.fromkeys(self.module.init_param_names, 0.0)
        given = {**values, "hold": hold, "w0": w0, "s0": s0, "$temperature": temperature}
        given |= {"mfactor": 1.0, "V(p,n)": voltages["p"] - voltages["n"]}
        given |= {f"V({node})": voltages[node] for node in self.nodes[2:]}
        unknown = [
            n
            for n, k in zip(self.module.param_names, self.module.param_kinds, strict=True)
            if k == "param" and n not in given
        ]
        if unknown:
            raise SimulationError(f"'{self.path}': no value for the parameter {', '.join(unknown)}")
        arguments |= {name: float(x) for name, x in given.items()}
        residuals, entries = self.module.run_init_eval(arguments)
        jacobian = np.zeros((len(self.nodes), len(self.nodes)))
        for row, column, resist, _ in entries:
            jacobian[row, column] = resist
        pairs = np.array(residuals, dtype=float)
        return pairs[:, 0], pairs[:, 1], jacobian

    def operating_point(
        self,
        values: Mapping[str, float],
        v: float,
        *,
        w: float = 0.0,
        s: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> tuple[float, float]:
        """Current [A] into p and its derivative dI/dV [S], the states held at ``w`` and ``s``.

        Raises
        ------
        SimulationError
            Newton's iteration did not settle.
        """
        x = self._settled(values, v, w, s, temperature)
        residual, _, jacobian = self.system(
            values, self._named(x), hold=1.0, w0=w, s0=s, temperature=temperature
        )
        inner = jacobian[2:, 2:]
        slope = jacobian[0, 0]
        if inner.size:  # what the inner nodes do as v moves
            slope = slope - jacobian[0, 2:] @ np.linalg.solve(inner, jacobian[2:, 0])
        return float(residual[0]), float(slope)

    def _settled(
        self, values: Mapping[str, float], v: float, w: float, s: float, temperature: float
    ) -> FloatArray:
        """Node voltages [V] of the operating point with the states held.

        With the states held the inner nodes do not see one another, and the current that leaves
        one grows with its voltage: each keeps the bracket that its residual's sign allows. Where
        Newton's step would leave it, or no longer halves it (a current that grows by a decade in
        60 mV lets Newton creep), the bracket is halved.
        """
        settings = {"hold": 1.0, "w0": w, "s0": s, "temperature": temperature}
        x = np.zeros(len(self.nodes))
        x[0] = v
        low, high = np.full(x.size - 2, -np.inf), np.full(x.size - 2, np.inf)
        last = np.full(x.size - 2, np.inf)
        for _ in range(_NEWTON_STEPS):
            residual, _, jacobian = self.system(values, self._named(x), **settings)
            if x.size == 2:
                return x
            inner, at = residual[2:], x[2:]
            low, high = np.where(inner < 0, at, low), np.where(inner > 0, at, high)
            step = np.linalg.solve(jacobian[2:, 2:], -inner)
            width = high - low
            # (Rounding makes the last steps wander; that is no creeping.)
            creeping = np.abs(step) > np.maximum(np.abs(last) / 2, 1e-12 + 1e-9 * np.abs(at))
            outside = (at + step < low) | (at + step > high)
            with np.errstate(invalid="ignore"):  # an open bracket has no middle and needs none
                middle = low + width / 2
            halve = np.isfinite(width) & (creeping | outside) & (inner != 0)
            new = np.where(halve, middle, at + step)
            last = new - at
            x[2:] = new
            if np.all(np.abs(last) <= 1e-15 + 4e-16 * np.abs(new)):
                return x
        if np.any(np.abs(last) > 1e-12 + 1e-12 * np.abs(x[2:])):
            raise SimulationError(
                f"'{self.path}': no operating point at {v:g} V after {_NEWTON_STEPS} steps",
                code="no_convergence",
            )
        return x

    def rates(
        self,
        values: Mapping[str, float],
        v: float,
        *,
        w: float,
        s: float,
        temperature: float = ROOM_TEMPERATURE,
    ) -> dict[str, float]:
        """Rate of each state in 1/s with ``hold = 0``, by state name."""
        # A law may see a junction voltage, so the nodes behind series resistances are solved first.
        x = self._named(self._settled(values, v, w, s, temperature))
        x |= {f"state_{n}": value for n, value in (("w", w), ("s", s)) if f"state_{n}" in x}
        residual, _, _ = self.system(values, x, hold=0.0, w0=w, s0=s, temperature=temperature)
        return {
            node.removeprefix("state_"): -float(residual[k]) / STATE_CAPACITANCE
            for k, node in enumerate(self.nodes)
            if node.startswith("state_")
        }

    def _named(self, x: FloatArray) -> dict[str, float]:
        return dict(zip(self.nodes, map(float, x), strict=True))


def available() -> bool:
    """Whether the compiler is installed."""
    return find_spec("openvaf_py") is not None


def compile_module(path: Path) -> Compiled:
    """Compile a Verilog-A file that holds one module.

    Raises
    ------
    ToolMissing
        openvaf-py is not installed (it has wheels for Linux on x86-64).
    SimulationError
        The compiler refuses the source; its own words are in the message.
    """
    if not available():
        raise ToolMissing(
            "the Verilog-A compiler openvaf-py is not installed: 'pip install openvaf-py' "
            "(Linux on x86-64, Python 3.11 or 3.12)"
        )
    import openvaf_py

    with _compiler_words() as words:
        try:
            modules = openvaf_py.compile_va(str(path))
        except ValueError:
            modules = []
    if len(modules) != 1:
        said = _plain(words.read_text(errors="replace")) or "no module found"
        words.unlink(missing_ok=True)
        raise SimulationError(
            f"OpenVAF refuses '{path}': {said if not modules else 'more than one module'}",
            code="veriloga_rejected",
        )
    words.unlink(missing_ok=True)
    system = modules[0].get_dae_system()
    nodes = sorted(system["nodes"], key=lambda node: node["idx"])
    return Compiled(Path(path), modules[0], tuple(node["name"] for node in nodes))


def _plain(text: str) -> str:
    """The compiler's errors in one line, without its colours and drawings."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    errors = re.findall(r"^error: .*$", text, flags=re.MULTILINE)
    return "; ".join(errors or [" ".join(text.split())])[:600]


@contextmanager
def _compiler_words() -> Iterator[Path]:
    """The compiler writes its errors to file descriptor 2; keep them."""
    handle, name = tempfile.mkstemp(prefix="openvaf-", suffix=".txt")
    saved = os.dup(2)
    os.dup2(handle, 2)
    try:
        yield Path(name)
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(handle)
