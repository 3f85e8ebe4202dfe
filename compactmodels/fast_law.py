"""Compiled equations with their exact slopes: what a fit evaluates some hundred times.

The equation is the part's own; the code is generated from it (:mod:`compactmodels.fast_law_source`)
once on a machine, kept in the user's cache folder, and compiled by Numba.  The dual numbers
(:mod:`compactmodels.dual`) give the same derivatives in NumPy, for most mechanisms several times more
slowly, and are the oracle of the tests.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import compactmodels
from compactmodels.dual import Dual
from compactmodels.fast import generated_module
from compactmodels.junction import current_behind
from compactmodels.parts import Conduction, Part

FloatArray = NDArray[np.float64]

FAILED: Final = 1e3
"""Residual (in ln units) of a point where the equation gives nothing finite of the reading's sign."""
LOWEST: Final = 1e-300
"""Ratio of equation and reading that is still a number."""


class Law:
    """A part's equation along an axis: exact slopes by those parameters that are Duals.

    Parameters
    ----------
    part : Part
        A mechanism, or a decay law.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.names = tuple(p.name for p in part.parameters)
        self._modules: dict[tuple[str, ...], ModuleType] = {}  # a part takes long to hash

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_modules": {}}  # modules do not travel between processes

    @property
    def leading(self) -> tuple[float, ...]:
        """What the compiled code is given between the axis and the parameters."""
        return ()

    @property
    def resistance(self) -> str:
        """The series resistance's name; empty without one."""
        return ""

    def module(self, moving: tuple[str, ...]) -> ModuleType:
        """The compiled code with slopes by those parameters."""
        found = self._modules.get(moving)
        if found is None:
            found = self._modules[moving] = _module(self.part, moving)
        return found

    def _moving(self, si: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(n for n in self.names if isinstance(si[n], Dual))

    def _arrays(self, size: int, si: Mapping[str, Any], moving: tuple[str, ...]) -> tuple[Any, ...]:
        """The module, and what it reads and writes."""
        module = self.module(moving)
        p = np.array([_value(si[n]) for n in self.names], dtype=np.float64)
        return module, p, np.empty(module.SLOTS), np.empty(size), np.empty((1 + len(moving), size))


class DecayLaw(Law):
    """A decay law y(t)."""

    def __call__(self, t: FloatArray, si: Mapping[str, Any]) -> Any:
        """The signal at times ``t`` (n,) in s; an array, or a Dual if a parameter is one."""
        moving = self._moving(si)
        if not moving:
            return self.part.function(t, **{n: si[n] for n in self.names})
        module, p, c, values, slopes = self._arrays(t.size, si, moving)
        module.explicit(np.ascontiguousarray(t, dtype=np.float64), p, c, values, slopes)
        return Dual(values, _directions(si, moving) @ slopes[1:])


class ConductionLaw(Law):
    """A mechanism's current at one temperature, behind a series resistance if there is one.

    The search for the junction's voltage begins where the last one ended.

    Parameters
    ----------
    part : Conduction
    temperature : float
        [K].
    series : bool
        Whether ``r_s`` stands among the parameters.
    """

    def __init__(self, part: Conduction, temperature: float, *, series: bool) -> None:
        super().__init__(part)
        self.temperature = temperature
        self.series = series
        self._junction: FloatArray | None = None

    @property
    def leading(self) -> tuple[float, ...]:
        """The temperature."""
        return (float(self.temperature),)

    @property
    def resistance(self) -> str:
        """Its name where there is one."""
        return "r_s" if self.series else ""

    def __call__(self, v: FloatArray, si: Mapping[str, Any]) -> Any:
        """The current [A] at voltages ``v`` (n,); an array, or a Dual if a parameter is one.

        Where the equations give no junction voltage the current is NaN.
        """
        if not any(isinstance(x, Dual) for x in si.values()):
            return self._plain(v, si)
        moving = self._moving(si)
        module, p, c, values, slopes = self._arrays(v.size, si, moving)
        points = np.ascontiguousarray(v, dtype=np.float64)
        own = _directions(si, moving)
        if not self.series:
            module.explicit(points, float(self.temperature), p, c, values, slopes)
            return Dual(values, own @ slopes[1:])
        r_s = si["r_s"]
        start = self._junction
        junction = points.copy() if start is None or start.shape != v.shape else start
        r = float(_value(r_s))
        module.behind(points, r, float(self.temperature), p, c, junction, values, slopes)
        self._junction = junction
        # i = I(v - r i, p): all slopes shrink by what the resistance takes from the junction
        partials = own @ slopes[1:] if moving else 0.0
        if isinstance(r_s, Dual):
            partials = partials - r_s.partials.reshape(-1, 1) * (values * slopes[0])
        return Dual(values, partials / (1.0 + r * slopes[0]))

    def _plain(self, v: FloatArray, si: Mapping[str, Any]) -> Any:
        """Without slopes, by the part's own function."""
        values = {n: si[n] for n in self.names}
        if not self.series:
            return self.part.function(v, self.temperature, **values)
        current, self._junction = current_behind(
            lambda vj, x: self.part.function(vj, self.temperature, **{n: x[n] for n in self.names}),
            values,
            v,
            si["r_s"],
            self._junction,
        )
        return current


class LogResidual:
    """A law's weighted logarithmic residuals on data and their Jacobian, in one compiled pass.

    Parameters
    ----------
    law : Law
    x, y, weight : (n,) arrays
    held : mapping
        Parameters in SI that do not move.
    moved : sequence of (str, bool, float)
        Of each search coordinate: the parameter, whether the coordinate is its logarithm, and the factor
        to SI.  The series resistance, if it is among them, is the last.
    """

    def __init__(
        self,
        law: Law,
        x: FloatArray,
        y: FloatArray,
        weight: FloatArray,
        held: Mapping[str, float],
        moved: Sequence[tuple[str, bool, float]],
    ) -> None:
        names = (*law.names, law.resistance)
        self._law = law
        self._moving = tuple(name for name, _, _ in moved if name != law.resistance)
        self._moves = np.array([(names.index(n), log, f) for n, log, f in moved], dtype=np.float64)
        base = np.array([held.get(n, 0.0) for n in names], dtype=np.float64)
        self._data = (*(np.ascontiguousarray(a, dtype=np.float64) for a in (x, y, weight)),)
        self._known = (*self._data, *law.leading, base, self._moves)
        self._shape = (len(moved), y.size)
        self._junctions = (self._data[0].copy(),) if law.resistance else ()
        self._run: Callable[..., None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None}  # modules do not travel between processes

    def __call__(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted ln|y| - ln|law| (n,) at search coordinates (k,), and its Jacobian (k, n); never NaN."""
        run = self._run
        if run is None:
            module = self._law.module(self._moving)
            run = module.behind_residual if self._junctions else module.explicit_residual
            self._run = run
        r, jac = np.empty(self._shape[1]), np.empty(self._shape)
        run(*self._known, u, r, jac, *self._junctions)
        return r, jac


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


def _directions(si: Mapping[str, Any], moving: tuple[str, ...]) -> FloatArray:
    """How each moving parameter depends on what is differentiated by, (k, m)."""
    count = next(x.partials.shape[0] for x in si.values() if isinstance(x, Dual))
    own = np.empty((count, len(moving)))
    for k, name in enumerate(moving):
        own[:, k] = si[name].partials.reshape(count)
    return own


@cache
def _module(part: Part, moving: tuple[str, ...]) -> ModuleType:
    """The generated module; its name holds everything that its text is made of.

    So SymPy, which takes half a second to import and to differentiate, is not needed where the text
    is in the cache folder already.
    """

    def source() -> str:
        from compactmodels.fast_law_source import generate

        return generate(part, moving)

    words = "\n".join([_made_of(part), part.name, *moving])
    digest = hashlib.sha256(words.encode()).hexdigest()[:20]
    return generated_module(f"compactmodels_{part.name}_{digest}", source)


@cache
def _made_of(part: Part) -> str:
    """Hash of the sources that the generated text depends on."""
    home = Path(compactmodels.__file__).parent
    files = [*sorted(home.glob("*.py")), *sorted((home / "templates").glob("fast_*"))]
    defined = inspect.getsourcefile(part.function)
    digest = hashlib.sha256()
    for path in [*files, *([Path(defined)] if defined else [])]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
