"""What is measured: a trace, and a set of traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One measured or simulated record.

    Parameters
    ----------
    time : (n,) float64 or None
        Seconds; None where the instrument stored no time.
    voltage : (n,) float64 or None
        Volts at the driven electrode; None for a plain decay record (time and signal).
    current : (n,) float64
        Amperes, positive into the driven electrode (or the decaying signal in its own unit,
        named in ``meta["signal_unit"]``).
    temperature : float or None
        Kelvin; None where it is not known.
    meta : mapping
        What else is known: ``file``, ``format``, ``assumed`` (a list of sentences on what was
        inferred), ...

    Raises
    ------
    InputError
        Arrays of unequal length or more than one dimension.
    """

    time: FloatArray | None
    voltage: FloatArray | None
    current: FloatArray
    temperature: float | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = np.shape(self.current)
        for name in ("time", "voltage", "current"):
            value = getattr(self, name)
            if value is None:
                continue
            array = np.asarray(value, dtype=np.float64)
            if array.ndim != 1 or array.shape != shape:
                raise InputError(
                    f"a trace needs one-dimensional arrays of equal length: {name} has shape "
                    f"{array.shape}, current has {shape}"
                )
            array = array.copy()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return int(self.current.size)

    def take(self, index: Any, **meta: Any) -> Trace:
        """The part of the trace that ``index`` (a slice, mask or index array) selects."""
        return Trace(
            None if self.time is None else self.time[index],
            None if self.voltage is None else self.voltage[index],
            self.current[index],
            self.temperature,
            {**self.meta, **meta},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Traces, and what varied between them.

    Parameters
    ----------
    traces : tuple of Trace
    varied : mapping
        For each quantity that varied (``"temperature"``, ``"branch"``, ``"cycle"``, ...) one
        value a trace.
    """

    traces: tuple[Trace, ...]
    varied: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in self.varied.items():
            if len(values) != len(self.traces):
                raise InputError(
                    f"a dataset of {len(self.traces)} traces was given {len(values)} values of "
                    f"'{name}': one a trace is expected"
                )

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.traces)

    def __len__(self) -> int:
        return len(self.traces)
