"""How a file is to be read: what the caller knows and the file does not say."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from compactmodels.errors import InputError

ColumnOption = str | Mapping[str, int | str] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The caller's word on a file.

    Parameters
    ----------
    columns : str or mapping, optional
        Which column is which, numbered from 1 or by heading: ``"voltage=1,current=2[uA]"``.
    skip : int, optional
        Lines at the top to leave out.
    sheet : str, optional
        Of a workbook: the sheet to read.
    shunt : float, optional
        Ohm of the resistor whose voltage is the column ``shunt``.
    interval : float, optional
        Seconds from one row to the next, where the file has no time.

    Raises
    ------
    InputError
        Codes ``bad_shunt``, ``bad_interval``.
    """

    columns: ColumnOption = None
    skip: int | None = None
    sheet: str | None = None
    shunt: float | None = None
    interval: float | None = None

    def __post_init__(self) -> None:
        for name, unit in (("shunt", "ohm"), ("interval", "s")):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(
                    f"{name} is {value:g} {unit}: a positive number is expected", code=f"bad_{name}"
                )


@dataclass(frozen=True, slots=True)
class DataFile:
    """A measurement file together with how it is to be read; it may stand wherever a path may.

    Parameters
    ----------
    path : path
    reading : Reading

    Examples
    --------
    >>> os.fspath(DataFile("scope.csv", Reading(columns="applied=2,shunt=3", shunt=1e4)))
    'scope.csv'
    """

    path: str | os.PathLike[str]
    reading: Reading = Reading()

    def __fspath__(self) -> str:
        return os.fspath(self.path)
