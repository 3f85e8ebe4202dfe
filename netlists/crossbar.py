"""An array of any card in ngspice: its deck, its reads and its transients.

:mod:`netlists.array` has the description and the convention, :mod:`netlists.arrays` the parts.
"""

from __future__ import annotations

from netlists.arrays.labelled import dataset, write_csv, write_netcdf
from netlists.arrays.memory import Estimate, check_memory, estimate
from netlists.arrays.reads import (
    StackResult,
    Sweep,
    crossbar_deck,
    read_ngspice,
    read_stack_ngspice,
    sweep_ngspice,
)
from netlists.arrays.stimulus import Stimulus, pulse, read_pulse, write_pulse
from netlists.arrays.transients import TransientResult, transient_ngspice

__all__ = [
    "Estimate",
    "StackResult",
    "Stimulus",
    "Sweep",
    "TransientResult",
    "check_memory",
    "crossbar_deck",
    "dataset",
    "estimate",
    "pulse",
    "read_ngspice",
    "read_pulse",
    "read_stack_ngspice",
    "sweep_ngspice",
    "transient_ngspice",
    "write_csv",
    "write_netcdf",
    "write_pulse",
]
