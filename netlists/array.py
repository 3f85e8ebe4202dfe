"""An array of any card: its description and what its cells are (:mod:`netlists.arrays` has the parts)."""

from __future__ import annotations

from netlists.arrays.checks import LARGEST, CrossbarError
from netlists.arrays.description import (
    ENDS,
    Crossbar,
    CrossbarResult,
    cell_currents,
    ideal_currents,
)
from netlists.arrays.faults import Faults, draw_faults
from netlists.arrays.pairs import Pairs, differential_pairs, pair_difference
from netlists.arrays.schemes import Bias, scheme_voltages
from netlists.arrays.selectors import (
    MosModel,
    Selector,
    Transistor,
    mos_model,
    read_mos_model,
    threshold_selector,
)
from netlists.arrays.stack import Stack
from netlists.arrays.states import (
    conductance_states,
    csv_matrix,
    draw_parameters,
    draw_states,
    load_states,
    weight_states,
)

__all__ = [
    "ENDS",
    "LARGEST",
    "Bias",
    "Crossbar",
    "CrossbarError",
    "CrossbarResult",
    "Faults",
    "MosModel",
    "Pairs",
    "Selector",
    "Stack",
    "Transistor",
    "cell_currents",
    "conductance_states",
    "csv_matrix",
    "differential_pairs",
    "draw_faults",
    "draw_parameters",
    "draw_states",
    "ideal_currents",
    "load_states",
    "mos_model",
    "pair_difference",
    "read_mos_model",
    "scheme_voltages",
    "threshold_selector",
    "weight_states",
]
