"""A model's equations for all cells of an array: currents with slopes, and states that move.

Generated from the same compiled functions as single devices run (:mod:`compactmodels.fast`); rows of
an array can be shared by threads, since the code releases the GIL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels import __version__
from compactmodels.fast import compile_model, generated_module
from compactmodels.model import Model

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledCells:
    """A model's cells as machine code; make one with :func:`compile_cells`.

    Parameters
    ----------
    model : Model
    module : module
        ``cells`` and ``move`` work on rows of arrays.
    slots : int
        Numbers that a set of parameters settles.
    """

    model: Model
    module: ModuleType
    slots: int

    @property
    def junctions(self) -> int:
        """Branches behind a series resistance."""
        return sum(b.series for b in self.model.branches)

    def sets(
        self, values: Mapping[str, ArrayLike], temperature: float, shape: tuple[int, int]
    ) -> tuple[FloatArray, FloatArray]:
        """What the kernels take as ``c`` and ``own``: one row for all cells or one for each.

        Parameters
        ----------
        values : mapping
            Every parameter in its declared unit, a number or an array (m, n).
        temperature : float
            [K].
        shape : (int, int)
            Of the array.
        """
        each = any(np.ndim(v) > 0 for v in values.values())
        count = shape[0] * shape[1] if each else 1
        p = np.empty((count, len(self.model.parameters)))
        for k, parameter in enumerate(self.model.parameters):
            p[:, k] = np.asarray(values[parameter.name], dtype=np.float64).reshape(-1)
        c = np.empty((count, self.slots))
        self.module.constants(0, count, p, float(temperature), c)
        place = {q.name: (k, q.si_factor) for k, q in enumerate(self.model.parameters)}
        own = [place["scale"], place["gmin"]]
        own += [place[f"{b.name}_r_s"] for b in self.model.branches if b.series]
        return c, np.stack([p[:, k] * factor for k, factor in own], axis=1)


def compile_cells(model: Model) -> CompiledCells:
    """The model's cells as machine code (:func:`compactmodels.fast.compile_model` has what it costs).

    Raises
    ------
    PrinterError
        An equation that cannot be written in Python.
    """
    single = compile_model(model).module
    return CompiledCells(model, _module(model, single.__name__), int(single.SLOTS))


def compile_pair(first: CompiledCells, second: CompiledCells) -> ModuleType:
    """Cells of which each is one model's device in series with another's.

    Its ``cells`` solve the node between the two for itself, so that from outside the pair is one device.
    """

    def source() -> str:
        from compactmodels.templating import render

        names = {"first": first.module.__name__, "second": second.module.__name__}
        return render("compactmodels", "fast_pair.py.j2", version=__version__, **names)

    return _generated("pair", source())


def _generated(kind: str, text: str) -> ModuleType:
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    return _loaded(f"compactmodels_{kind}_{digest}", text)


@cache
def _loaded(name: str, text: str) -> ModuleType:
    return generated_module(name, lambda: text)


@cache
def _module(model: Model, single: str) -> ModuleType:
    """The generated module; its text depends on the branches and on the module of single devices."""
    from compactmodels.templating import render

    text = render(
        "compactmodels",
        "fast_array.py.j2",
        version=__version__,
        module=single,
        branches=_branches(model),
    )
    return _generated("cells", text)


def _branches(model: Model) -> list[dict[str, Any]]:
    """What the template needs of each branch."""
    found, place = [], 0
    for b in model.branches:
        inside = "weight" if b.exponential else "1.0"
        found.append(
            {"name": b.name, "series": b.series, "inside": inside, "place": place, "own": 2 + place}
        )
        place += b.series
    return found
