"""Whether a trace can be looked at at all: finite, more than one point, not constant, not zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, DataFileError, InputError


def _refusal(trace: Trace, sentence: str, code: str) -> CompactModelsError:
    name = trace.meta.get("file")
    if name is None:
        return InputError(sentence[0].upper() + sentence[1:], code=code)
    place = f", sheet '{trace.meta['sheet']}'" if trace.meta.get("sheet") else ""
    return DataFileError(f"'{name}'{place}: {sentence}", code=code)


def check_finite(trace: Trace) -> None:
    """Refuse NaN and infinities, naming the line where the file is known.

    Raises
    ------
    DataFileError, InputError
        Code ``not_finite``.
    """
    lines = trace.meta.get("lines")
    for name in ("time", "voltage", "current"):
        values: NDArray[np.float64] | None = getattr(trace, name)
        if values is None or np.all(np.isfinite(values)):
            continue
        bad = np.flatnonzero(~np.isfinite(values))
        place = f"line {lines[bad[0]]}" if lines is not None else f"point {bad[0] + 1}"
        more = f" and {bad.size - 1} further ones" if bad.size > 1 else ""
        label = (
            trace.meta.get("signal", "signal")
            if name == "current" and trace.voltage is None
            else name
        )
        raise _refusal(
            trace,
            f"{place}{more}: the {label} is not a finite number: remove those lines or export again",
            "not_finite",
        )


def check_points(trace: Trace) -> None:
    """Refuse a trace of no or one point, and one whose current (or signal) is zero throughout.

    Raises
    ------
    DataFileError, InputError
        Codes ``not_data``, ``single_point``, ``zero_current``.
    """
    if len(trace) == 0:
        raise _refusal(trace, "there is no data point: a sweep or a decay is expected", "not_data")
    if len(trace) == 1:
        raise _refusal(
            trace, "there is a single data point: a fit needs a sweep or a decay", "single_point"
        )
    if not np.any(trace.current):
        label = "current" if trace.voltage is not None else trace.meta.get("signal", "signal")
        raise _refusal(
            trace,
            f"the {label} is zero at all {len(trace)} points: check that the right column was "
            "exported and that the contact was closed",
            "zero_current",
        )


def check_swept(trace: Trace) -> None:
    """Refuse a sweep whose voltage never changes, or whose time does not in a decay.

    Raises
    ------
    DataFileError, InputError
        Codes ``constant_voltage``, ``constant_time``.
    """
    if trace.voltage is not None and np.ptp(trace.voltage) == 0:
        raise _refusal(
            trace,
            f"the voltage is {trace.voltage[0]:g} V at all {len(trace)} points: an I-V fit needs a "
            "sweep; for a current that decays in time at one voltage use `fit decay`",
            "constant_voltage",
        )
    if trace.voltage is None and trace.time is not None and np.ptp(trace.time) == 0:
        raise _refusal(
            trace, f"the time is {trace.time[0]:g} s at all {len(trace)} points", "constant_time"
        )
