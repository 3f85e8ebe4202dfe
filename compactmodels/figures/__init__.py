"""Figures for a paper and for the report: plain arrays in, a matplotlib ``Figure`` out.

Nothing here imports pyplot or touches the global settings; matplotlib itself is loaded with the
first figure, not with this package.
"""

from __future__ import annotations

from compactmodels.figures.array import voltage_lost
from compactmodels.figures.calibration import misfits
from compactmodels.figures.decay import decay_fit
from compactmodels.figures.fields import receptive_fields
from compactmodels.figures.iv import iv_fit
from compactmodels.figures.joint import Traced, arrhenius, joint_fit
from compactmodels.figures.linearised import KINDS, linearised
from compactmodels.figures.mapping import mapped_outputs
from compactmodels.figures.output import save
from compactmodels.figures.overlay import residual_overlay
from compactmodels.figures.plasticity import pulse_noise, pulse_trains, response_fit
from compactmodels.figures.reproduction import paper_figure
from compactmodels.figures.response import dc_states, hysteresis, pulses
from compactmodels.figures.statistics import scatter
from compactmodels.figures.study import StudyCurve, study

__all__ = [
    "KINDS",
    "StudyCurve",
    "Traced",
    "arrhenius",
    "dc_states",
    "decay_fit",
    "hysteresis",
    "iv_fit",
    "joint_fit",
    "linearised",
    "mapped_outputs",
    "misfits",
    "paper_figure",
    "pulse_noise",
    "pulse_trains",
    "pulses",
    "receptive_fields",
    "residual_overlay",
    "response_fit",
    "save",
    "scatter",
    "study",
    "voltage_lost",
]
