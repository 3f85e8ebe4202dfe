"""Emitted Verilog-A through a real compiler, and its equations evaluated.

openvaf-py (OpenVAF inside) compiles a module and evaluates the residual and the Jacobian of the
whole system; that is what the toolkit holds its own numbers against.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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
from veriloga.equations import RISE_NODE
from veriloga.probes import PROBE, probed
from veriloga.settle import settle, settle_heated

FloatArray = NDArray[np.float64]
INSTANCE = ', type="instance"'
"""Left out for openvaf-py: it takes the value of an instance parameter for whether one was given."""


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
        residuals, entries = self._run(
            values, voltages, hold=hold, w0=w0, s0=s0, temperature=temperature
        )
        pairs = np.array(residuals, dtype=float)
        return pairs[:, 0], pairs[:, 1], self._matrix(entries, 2)

    def capacitances(
        self,
        values: Mapping[str, float],
        voltages: Mapping[str, float],
        *,
        hold: float = 1.0,
        w0: float = 0.0,
        s0: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> FloatArray:
        """Derivatives of the charges by the node voltages [F], shape (k, k) for k nodes."""
        _, entries = self._run(values, voltages, hold=hold, w0=w0, s0=s0, temperature=temperature)
        return self._matrix(entries, 3)

    def _matrix(self, entries: Sequence[tuple[Any, ...]], column: int) -> FloatArray:
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        for entry in entries:
            matrix[entry[0], entry[1]] = entry[column]
        return matrix

    def _run(
        self, values: Mapping[str, float], voltages: Mapping[str, float], **settings: float
    ) -> tuple[Any, Any]:
        # Missing names silently become 0 in openvaf-py: everything is passed, lower case.
        arguments = dict.fromkeys(self.module.param_names, 0.0)
        arguments |= dict.fromkeys(self.module.init_param_names, 0.0)
        given = {"mfactor": 1.0, **values, **settings, "V(p,n)": voltages["p"] - voltages["n"]}
        given["$temperature"] = given.pop("temperature")
        given |= {f"V({node})": voltages[node] for node in self.nodes[2:]}
        unknown = [
            n
            for n, k in zip(self.module.param_names, self.module.param_kinds, strict=True)
            if k == "param" and n not in given
        ]
        if unknown:
            raise SimulationError(f"'{self.path}': no value for the parameter {', '.join(unknown)}")
        arguments |= {name: float(x) for name, x in given.items()}
        return self.module.run_init_eval(arguments)

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

        A module that heats itself (``r_th`` and ``c_th`` among ``values``) is as warm as its power
        makes it, and its derivative is the one at low frequencies.

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
        """Node voltages [V] of the operating point with the states held."""
        settings = {"hold": 1.0, "w0": w, "s0": s, "temperature": temperature}

        def evaluate(x: FloatArray) -> tuple[FloatArray, FloatArray]:
            residual, _, jacobian = self.system(values, self._named(x), **settings)
            return residual, jacobian

        x = np.zeros(len(self.nodes))
        x[0] = v
        free = np.arange(2, x.size)
        try:
            if RISE_NODE in self.nodes:
                return settle_heated(evaluate, x, free, self.nodes.index(RISE_NODE))
            return settle(evaluate, x, free)
        except SimulationError as error:
            raise SimulationError(f"'{self.path}': {error.message}", code=error.code) from None

    def variables(
        self,
        values: Mapping[str, float],
        v: float,
        *,
        w: float = 0.0,
        s: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> dict[str, float]:
        """The variables that the module was compiled to be read of, at an operating point.

        Raises
        ------
        SimulationError
            Newton's iteration did not settle.
        """
        x = self._settled(values, v, w, s, temperature)
        residual, _, _ = self.system(
            values, self._named(x), hold=1.0, w0=w, s0=s, temperature=temperature
        )
        return {
            node.removeprefix(PROBE): float(x[k] - residual[k])
            for k, node in enumerate(self.nodes)
            if node.startswith(PROBE)
        }

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


def compile_module(path: Path, read: Sequence[str] = ()) -> Compiled:
    """Compile a Verilog-A file that holds one module.

    Parameters
    ----------
    path : Path
    read : sequence of str
        Variables of the module that :meth:`Compiled.variables` shall give.

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
    text = path.read_text("utf-8").replace(INSTANCE, "")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(probed(text, read) if read else text, "utf-8")
        module = _compiled(copy, path)
    nodes = sorted(module.get_dae_system()["nodes"], key=lambda node: node["idx"])
    return Compiled(Path(path), module, tuple(node["name"] for node in nodes))


def _compiled(source: Path, path: Path) -> Any:
    """openvaf-py's module of ``source``, which stands for ``path``."""
    import openvaf_py

    with _compiler_words() as words:
        try:
            modules = openvaf_py.compile_va(str(source))
        except ValueError:
            modules = []
    said = _plain(words.read_text(errors="replace")) or "no module found"
    words.unlink(missing_ok=True)
    if len(modules) != 1:
        raise SimulationError(
            f"OpenVAF refuses '{path}': {said if not modules else 'more than one module'}",
            code="veriloga_rejected",
        )
    return modules[0]


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
