"""What a value of an array may be: sizes, shapes, finite numbers, places; each refusal one sentence."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LARGEST: Final = 1024
"""Lines in each direction."""


class CrossbarError(InputError):
    """An array is not valid."""

    code = "bad_crossbar"


def whole(value: Any, name: str) -> int:
    """A whole number, 0 or more."""
    try:
        number = operator.index(value)
        if isinstance(value, bool):
            raise TypeError
    except TypeError:
        raise CrossbarError(f"{name} is {value!r}: a whole number is expected") from None
    if number < 0:
        raise CrossbarError(f"{name} is {number}: 0 or more is expected")
    return number


def size(value: Any, name: str) -> int:
    """A number of lines."""
    found = whole(value, name)
    if not 1 <= found <= LARGEST:
        raise CrossbarError(f"{name} is {found}: 1 to {LARGEST} lines are expected")
    return found


def array(value: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """A read-only copy of finite numbers of this shape."""
    try:
        found = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CrossbarError(f"{name} holds something that is not a number") from None
    if found.shape != shape:
        raise CrossbarError(f"{name} has the shape {found.shape}: {shape} is expected")
    if not np.isfinite(found).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        where = str(list(place)) if place else ""
        raise CrossbarError(f"{name}{where} holds {found[place]}: finite numbers are expected")
    found.flags.writeable = False
    return found


def scalar(value: Any, name: str) -> float:
    """One finite number."""
    return float(array(value, name, ()))


def spread(value: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """A scalar for all, or one number each."""
    if np.ndim(value) == 0:
        return array(np.full(shape, scalar(value, name)), name, shape)
    return array(value, name, shape)


def positive(found: FloatArray, name: str, unit: str) -> FloatArray:
    """The same numbers, if none is below 0."""
    if (found < 0).any():
        place = [int(k) for k in np.argwhere(found < 0)[0]]
        where = str(place) if place and found.size > 1 and np.ptp(found) > 0 else ""
        worst = float(found[tuple(place)])
        raise CrossbarError(f"{name}{where} is {worst:g} {unit}: 0 or more is expected")
    return found


def states(value: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """States of cells, in [0, 1]."""
    found = array(value, name, shape)
    outside = (found < 0) | (found > 1)
    if outside.any():
        place = tuple(int(k) for k in np.argwhere(outside)[0])
        raise CrossbarError(f"{name}{list(place)} is {found[place]:g}: a state lies in [0, 1]")
    return found


def choices(
    value: str | Sequence[str], name: str, known: Sequence[str], count: int
) -> tuple[str, ...]:
    """One word for all lines or one for each, each out of ``known``."""
    words = [value] * count if isinstance(value, str) else list(value)
    if len(words) != count:
        raise CrossbarError(f"{name} has {len(words)} entries: one for each of {count} lines")
    for place, word in enumerate(words):
        if word not in known:
            where = "" if isinstance(value, str) else f"[{place}]"
            raise CrossbarError(f"{name}{where} is {word!r}: one of {', '.join(known)} is expected")
    return tuple(words)


def places(value: Any, name: str, shape: tuple[int, int]) -> BoolArray:
    """A mask of this shape, from a mask or from a list of (row, column) pairs counted from 0."""
    mask = np.zeros(shape, dtype=bool)
    if value is not None:
        given = np.asarray(value if isinstance(value, np.ndarray) else list(value))
        if given.dtype == bool:
            if given.shape != shape:
                raise CrossbarError(f"{name} has the shape {given.shape}: {shape} is expected")
            mask |= given
        elif given.size:
            _mark(mask, given, name)
    mask.flags.writeable = False
    return mask


def _mark(mask: BoolArray, pairs: NDArray[Any], name: str) -> None:
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise CrossbarError(
            f"{name} is neither a mask of the shape {mask.shape} nor a list of (row, column) pairs"
        )
    outside = (pairs < 0) | (pairs >= np.array(mask.shape))
    if outside.any():
        row, column = pairs[outside.any(axis=1)][0]
        raise CrossbarError(
            f"{name} names the place ({row}, {column}): rows 0 to {mask.shape[0] - 1} and columns "
            f"0 to {mask.shape[1] - 1} are there"
        )
    mask[pairs[:, 0], pairs[:, 1]] = True
