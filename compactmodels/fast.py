"""The compiled integrator: a model's equations by Numba, for fits and arrays that run them often.

It is generated from the same traced equations as the emitted Verilog-A and SPICE
(:mod:`compactmodels.fast_source`), written to a file in the user's cache folder and imported.
:mod:`compactmodels.integrate` is the oracle it is held against.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.cache import cache_folder
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError, SimulationError
from compactmodels.files import write_text
from compactmodels.integrate import Response, displacement, samples
from compactmodels.model import Model
from compactmodels.protocols import Protocol

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 1e-6
"""Relative error of a state that a step may make (absolute: a thousandth of it)."""
MOST_STEPS: Final = 100_000
"""Between two points of the record."""


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """States and current at the times that were asked for.

    Parameters
    ----------
    current : (n,) float64
        [A], without the capacitive one.
    w, s : (n,) float64
    steps : int
        Of the integrator.
    """

    current: FloatArray
    w: FloatArray
    s: FloatArray
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class CompiledModel:
    """A model as machine code; make one with :func:`compile_model`.

    Parameters
    ----------
    model : Model
    module : module
        The generated one.
    """

    model: Model
    module: ModuleType

    def constants(self, values: Mapping[str, float], temperature: float) -> FloatArray:
        """What the parameters (in declared units) and the temperature [K] settle."""
        p = np.array([values[q.name] for q in self.model.parameters], dtype=np.float64)
        c = np.empty(self.module.SLOTS)
        self.module.prepare(p, float(temperature), c)
        return c

    def current(
        self,
        v: ArrayLike,
        values: Mapping[str, float],
        *,
        w: ArrayLike = 0.0,
        s: ArrayLike = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> FloatArray:
        """Static current [A] of held states, as :meth:`Model.current`; arguments broadcast."""
        arrays = np.broadcast_arrays(np.atleast_1d(v), w, s)
        flat = [np.ascontiguousarray(a, dtype=np.float64).ravel() for a in arrays]
        out = np.empty(flat[0].size)
        guess = np.zeros(len(self.model.branches))
        self.module.currents(*flat, self.constants(values, temperature), guess, out)
        return out.reshape(arrays[0].shape)

    def respond(
        self,
        values: Mapping[str, float],
        time: ArrayLike,
        voltage: ArrayLike,
        *,
        w0: float = 0.0,
        s0: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
        tolerance: float = TOLERANCE,
    ) -> Trajectory:
        """States and current along a waveform that is straight between its points.

        Parameters
        ----------
        values : mapping
            Every parameter in its declared unit.
        time : array_like, shape (n,)
            [s]; two equal times are a step of the voltage.
        voltage : array_like, shape (n,)
            [V].
        w0, s0 : float
            Initial states in [0, 1].
        temperature : float
            [K].
        tolerance : float
            Relative error of a step (absolute: a thousandth of it).

        Raises
        ------
        SimulationError
            Code ``no_convergence``: steps became too many or too small, or the equations gave no
            finite rate.
        InputError
            Times that run backwards, or shapes that differ.
        """
        t = np.ascontiguousarray(time, dtype=np.float64)
        v = np.ascontiguousarray(voltage, dtype=np.float64)
        if t.ndim != 1 or t.shape != v.shape or t.size == 0 or np.any(np.diff(t) < 0):
            raise InputError(
                "a waveform needs times and voltages of equal length, and times that do not run "
                f"backwards: shapes {t.shape} and {v.shape} were found"
            )
        w, s, i = np.empty_like(t), np.empty_like(t), np.empty_like(t)
        guess = np.zeros(len(self.model.branches))
        done = self.module.respond(
            t,
            v,
            float(w0),
            float(s0),
            self.constants(values, temperature),
            guess,
            tolerance,
            1e-3 * tolerance,
            MOST_STEPS,
            w,
            s,
            i,
        )
        if done < 0 or not np.all(np.isfinite(i)):
            reached = t[-done] if done < 0 else t[np.argmin(np.isfinite(i))]
            raise SimulationError(
                f"the compiled integrator gave up before t = {reached:.6g} s: the rates are not "
                "finite or change too fast at these parameters",
                code="no_convergence",
            )
        return Trajectory(i, w, s, int(done))


def compile_model(model: Model) -> CompiledModel:
    """The model as machine code.

    The first use of a structure on a machine compiles for some seconds; later processes read the
    machine code from the cache folder (``COMPACTMODELS_CACHE``, or ``compactmodels`` in the user's).

    Parameters
    ----------
    model : Model

    Raises
    ------
    PrinterError
        An equation that cannot be written in Python.
    """
    return CompiledModel(model, _module(_source(model)))


_SOURCES: dict[Model, str] = {}


def _source(model: Model) -> str:
    if model not in _SOURCES:
        from compactmodels.fast_source import generate

        _SOURCES[model] = generate(model)
    return _SOURCES[model]


@cache
def _module(source: str) -> ModuleType:
    """The generated text as an imported module."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    return generated_module(f"compactmodels_generated_{digest}", lambda: source)


_GENERATING = threading.RLock()  # a module may need another one


def generated_module(name: str, source: Callable[[], str]) -> ModuleType:
    """A module of generated text, from a file in the cache folder so that Numba can keep its results.

    One thread at a time: a module that another thread is still executing is no module yet.

    Parameters
    ----------
    name : str
        Of the module and its file; whatever its text depends on has to be in it.
    source : callable
        Makes the text, where the file is not there yet.
    """
    with _GENERATING:
        if name in sys.modules:
            return sys.modules[name]
        path = cache_folder() / f"{name}.py"
        if not path.exists():
            write_text(path, source())
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]  # not half of it for the next caller
            raise
        return module


def respond(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    tolerance: float = TOLERANCE,
    points: int = 200,
) -> Response:
    """A card through a protocol, as :func:`compactmodels.integrate.respond` with another engine.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol
    w0, s0 : float
        Initial states in [0, 1].
    temperature : float
        [K].
    tolerance : float
        Relative error of a step.
    points : int
        Samples in each straight piece of the waveform.

    Raises
    ------
    SimulationError
        The integrator gave up.
    """
    compiled = compile_model(card.model)
    time, voltage = samples(protocol, points)
    settings: dict[str, Any] = {"temperature": temperature}
    if protocol.static:
        w, s = np.full_like(time, w0), np.full_like(time, s0)
        current = compiled.current(voltage, card.values, w=w, s=s, **settings)
        return Response(time, voltage, current, w, s, "compiled integrator")
    out = compiled.respond(
        card.values, time, voltage, w0=w0, s0=s0, tolerance=tolerance, **settings
    )
    current = out.current + displacement(card, time, voltage, protocol)
    return Response(time, voltage, current, out.w, out.s, "compiled integrator")
