"""The studies: what each varies, measures and draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from compactmodels.card import ModelCard
from compactmodels.workflows.studies import largest, pulses, reads, weights
from compactmodels.workflows.studies.settings import Setting

SIZES: Final = (8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A number that a study measures.

    Parameters
    ----------
    title : str
        For the figure's legend and the table.
    unit : str
        "" for a share, drawn in percent.
    estimate : str
        Key of the closed form that belongs to it.
    """

    title: str
    unit: str = ""
    estimate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A question to an array.

    Parameters
    ----------
    name, question : str
    axis : str
        Field of :class:`Setting` that is varied.
    axis_title, axis_unit : str
    values : tuple
        Of the axis, unless the user says others.
    measure : callable
        (card, setting) to numbers.
    drawn : str
        Title of the figure's y axis.
    outputs : mapping of str to Output
        What is drawn and shown, in this order; everything that is measured is written.
    curves : mapping of str to mapping
        Label to what is changed in the setting, one curve each; ``axis`` names another field to vary.
    defaults : mapping
        Of the setting, where this study needs others.
    random : bool
        Whether it is worth repeating with other seeds.
    logarithmic : tuple of bool
        Axes x and y of the figure.
    told : tuple of str
        What of the setting the figure's title says.
    maps : bool
        Whether a map of the voltage lost is drawn for each value.
    """

    name: str
    question: str
    axis: str
    axis_title: str
    axis_unit: str = ""
    values: tuple[Any, ...]
    measure: Callable[[ModelCard, Setting], dict[str, float]]
    drawn: str
    outputs: Mapping[str, Output]
    curves: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    defaults: Mapping[str, Any] = field(default_factory=dict)
    random: bool = False
    logarithmic: tuple[bool, bool] = (True, True)
    told: tuple[str, ...] = ("size", "line_resistance")
    maps: bool = False


_READ: Final = {
    "error_mean": Output(title="output, mean", estimate="error_mean_estimate"),
    "error_worst": Output(title="output, worst", estimate="error_worst_estimate"),
    "error_after_gain": Output(title="output, after one gain"),
}
_SCHEMES: Final = {name: {"scheme": name} for name in ("floating", "v/2", "v/3", "grounded")}
_MARGIN: Final = {"margin": Output(title="", estimate="margin_estimate")}

_ALL: Final = (
    Study(
        name="size",
        question="How wrong do outputs become as the array grows?",
        axis="size",
        axis_title="Lines",
        values=SIZES,
        measure=reads.output_error,
        drawn="Error",
        outputs=_READ,
    ),
    Study(
        name="line-resistance",
        question="How wrong do outputs become with the resistance of a wire segment?",
        axis="line_resistance",
        axis_title="Resistance of a segment",
        axis_unit="ohm",
        values=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
        measure=reads.output_error,
        drawn="Error",
        outputs=_READ,
    ),
    Study(
        name="on-off",
        question="What does a wider window of conductance do to the outputs' error?",
        axis="ratio",
        axis_title="On/off ratio",
        values=(2.0, 3.0, 5.0, 10.0, 30.0, 100.0),
        measure=reads.output_error,
        drawn="Error",
        outputs=_READ,
    ),
    Study(
        name="non-linearity",
        question="What do inputs that are amplitudes lose in devices that are not linear?",
        axis="voltage",
        axis_title="Read voltage",
        axis_unit="V",
        values=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
        measure=reads.non_linearity,
        drawn="Error of full scale",
        outputs={
            "error_without_lines": Output(title="devices alone"),
            "error": Output(title="with line resistance"),
        },
    ),
    Study(
        name="weights",
        question="What is left of a weight, and where is it worst?",
        axis="size",
        axis_title="Lines",
        values=SIZES,
        measure=reads.output_error,
        drawn="Share that is left",
        outputs={
            "weight_mean": Output(title="effective weight, mean"),
            "weight_worst": Output(title="effective weight, worst"),
            "voltage_worst": Output(title="voltage, worst cell", estimate="voltage_worst_estimate"),
        },
        logarithmic=(True, False),
    ),
    Study(
        name="position",
        question="Where in the array is the voltage lost?",
        axis="line_resistance",
        axis_title="Resistance of a segment",
        axis_unit="ohm",
        values=(1.0, 3.0, 10.0),
        measure=reads.position,
        drawn="Voltage lost",
        outputs={
            "near": Output(title="near source and output"),
            "word_end": Output(title="word line's end, near the output"),
            "bit_start": Output(title="near the source, bit line's start"),
            "far": Output(title="far from both", estimate="far_estimate"),
        },
        maps=True,
    ),
    Study(
        name="sneak",
        question="How well is one cell read in a passive array?",
        axis="size",
        axis_title="Lines",
        values=(2, 4, 8, 16, 32, 64),
        measure=reads.one_cell,
        drawn="Read margin",
        outputs=_MARGIN,
        curves=_SCHEMES,
    ),
    Study(
        name="selector",
        question="What does a selector in series with every device do to the read margin?",
        axis="size",
        axis_title="Lines",
        values=(4, 8, 16, 32, 64),
        measure=reads.one_cell,
        drawn="Read margin",
        outputs={"margin": Output(title="")},
        curves={
            "none": {},
            "sinh, v0 = V/10": {"selector_v0": 0.05},
            "sinh, v0 = V/20": {"selector_v0": 0.025},
        },
        defaults={"voltage": 0.5, "scheme": "v/2"},
    ),
    Study(
        name="variation",
        question="What does scatter from device to device do to the outputs?",
        axis="sigma",
        axis_title="Standard deviation of ln G",
        values=(0.02, 0.05, 0.1, 0.2, 0.5),
        measure=reads.scatter,
        drawn="Error, RMS",
        outputs={
            "error_devices": Output(title="devices alone", estimate="error_devices_estimate"),
            "error": Output(title="with line resistance"),
        },
        random=True,
    ),
    Study(
        name="faults",
        question="What do stuck and open cells do to the outputs?",
        axis="stuck_on",
        axis_title="Share of faulty cells",
        values=(0.001, 0.003, 0.01, 0.03, 0.1),
        measure=reads.faults,
        drawn="Error, RMS",
        outputs={"error_devices": Output(title="")},
        curves={
            "stuck on": {},
            "stuck off": {"axis": "stuck_off"},
            "open": {"axis": "open_cells"},
        },
        random=True,
    ),
    Study(
        name="largest",
        question="How large may the array be, for an error that is allowed?",
        axis="line_resistance",
        axis_title="Resistance of a segment",
        axis_unit="ohm",
        values=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
        measure=largest.usable,
        drawn="Lines",
        outputs={
            "lines_all_on": Output(
                title="lines, all cells on", unit="1", estimate="lines_estimate"
            ),
            "lines_random": Output(title="lines, random states", unit="1"),
        },
        told=("limit",),
    ),
    Study(
        name="readable",
        question="How large may a passive array be, for one cell to be read?",
        axis="limit",
        axis_title="Read margin",
        values=(0.02, 0.05, 0.1, 0.2, 0.5),
        measure=largest.readable,
        drawn="Lines",
        outputs={"lines": Output(title="", unit="1")},
        curves=_SCHEMES,
        told=("line_resistance",),
    ),
    Study(
        name="settling",
        question="How long does a read settle?",
        axis="size",
        axis_title="Lines",
        values=(4, 8, 16, 32, 64),
        measure=pulses.settling,
        drawn="Settling time",
        outputs={"settling": Output(title="to 1 %", unit="s", estimate="settling_estimate")},
    ),
    Study(
        name="disturb",
        question="What do N writes do to the cells that are not written?",
        axis="cycles",
        axis_title="Writes",
        values=(1, 3, 10, 30, 100),
        measure=pulses.disturb,
        drawn="Change of the state",
        outputs={"half_selected": Output(title="state, half selected", unit="1")},
        curves={name: {"scheme": name} for name in ("v/2", "v/3")},
        defaults={"size": 8},
    ),
    Study(
        name="energy",
        question="What does a read cost?",
        axis="size",
        axis_title="Lines",
        values=(4, 8, 16, 32, 64),
        measure=pulses.energy,
        drawn="Energy",
        outputs={
            "energy": Output(title="a read", unit="J", estimate="energy_conduction_estimate"),
        },
    ),
    Study(
        name="compensation",
        question="How much of the lines' error does a mapping that knows them take away?",
        axis="size",
        axis_title="Lines",
        values=(8, 16, 32, 64),
        measure=weights.compensation,
        drawn="Error of y = W x",
        outputs={
            "error": Output(title="as mapped"),
            "error_after_gain": Output(title="as mapped, after one gain"),
            "error_compensated": Output(title="compensated"),
        },
    ),
    Study(
        name="layers",
        question="Is a stack of small layers better than one large array?",
        axis="layers",
        axis_title="Layers",
        values=(1, 4, 16, 64),
        measure=reads.layers,
        drawn="Error",
        outputs=_READ,
        defaults={"size": 128},
    ),
)

STUDIES: Final[Mapping[str, Study]] = {study.name: study for study in _ALL}
