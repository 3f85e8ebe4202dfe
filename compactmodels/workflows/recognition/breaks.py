"""What is known to break recognition: what each study varies, and how that changes device and array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from compactmodels.errors import InputError
from compactmodels.nonlinearity import alpha_of_nl
from compactmodels.synapse import Synapse, Train
from compactmodels.workflows.recognition.device import Device, of_synapse
from compactmodels.workflows.recognition.settings import Hardware, Network


@dataclass(frozen=True, slots=True)
class Case:
    """What :func:`.run.recognise` is given."""

    device: Device
    network: Network
    hardware: Hardware

    def hard(self, **changes: Any) -> Case:
        """With other hardware."""
        return replace(self, hardware=replace(self.hardware, **changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A question to a network of devices.

    Parameters
    ----------
    name, question : str
    axis : str
        Name of what is varied, for tables.
    axis_title, axis_unit : str
        Of the figure.
    values : tuple of float
    change : callable
        (case, value) to the case at that value.
    curves : mapping of str to mapping
        Label to fields of :class:`.Hardware`, one curve each; ``noise`` and ``lines`` are no fields but shares
        that :func:`case_of` turns into the field of that device.
    varies : tuple of str
        Fields of Network and Hardware that belong to the study.
    logarithmic : bool
        Of the axis.
    """

    name: str
    question: str
    axis: str
    axis_title: str
    axis_unit: str = ""
    values: tuple[float, ...]
    change: Callable[[Case, float], Case]
    curves: Mapping[str, Mapping[str, Any]]
    varies: tuple[str, ...] = ()
    logarithmic: bool = False

    @property
    def fields(self) -> set[str]:
        """Fields of Network and Hardware that a user may not set beside the study."""
        known = {"noise": "read_noise", "lines": "line_resistance"}
        return set(self.varies) | {known.get(k, k) for c in self.curves.values() for k in c}


def case_of(study: Break, base: Case, curve: str, value: float) -> Case:
    """The case of a curve at a value of the axis."""
    changes = dict(study.curves[curve])
    noise, lines = changes.pop("noise", None), changes.pop("lines", None)
    case = study.change(base.hard(**changes), value)
    if noise is not None:
        case = case.hard(read_noise=of_window(case.device, noise))
    if lines is not None:
        case = case.hard(line_resistance=lines / case.device.law.high)
    return case


def of_window(device: Device, share: float) -> float:
    """Noise that is a share of the conductance, as a share of the window: at the window's middle.

    Both devices of a pair that goes both ways start there, and move apart from it.
    """
    low, high = device.law.low, device.law.high
    return share * 0.5 * (high + low) / (high - low)


def with_ratio(device: Device, ratio: float) -> Device:
    """The same law and upper end, its lower end at that share of it; noise shrinks with the window.

    Raises
    ------
    InputError
        Code ``bad_setting``: a ratio that is not above 1.
    """
    if not ratio > 1.0:
        raise InputError(
            f"recognise: an on/off ratio of {ratio:g} cannot be: it has to be above 1",
            code="bad_setting",
        )
    high = device.law.high
    factor = high * (1.0 - 1.0 / ratio) / device.window

    def moved(train: Train | None) -> Train:
        assert train is not None  # the device has a law
        noise = train.noise
        own = (noise.white * factor, noise.correlated * factor, noise.walk * factor)
        noise = replace(noise, white=own[0], correlated=own[1], walk=own[2])
        start, end = (high + factor * (g - high) for g in (train.g_start, train.g_end))
        return replace(train, g_start=start, g_end=end, noise=noise, cycle=None)

    synapse = Synapse(moved(device.synapse.ltp), moved(device.synapse.ltd))
    return of_synapse(synapse, device.name, device.facts)


def with_shape(device: Device, rho: float) -> Device:
    """Both directions begin fast and saturate alike: exponentials of that ``rho`` across the window.

    Window, pulses (the mean of both directions) and noise are the device's own.
    """
    law = device.law
    pulses = max(1.0, 0.5 * (law.up.pulses + law.down.pulses))

    def shaped(train: Train | None, start: float, end: float) -> Train:
        assert train is not None  # the device has a law
        return Train(start, end, rho, 0.0, pulses, train.noise)

    up = shaped(device.synapse.ltp, law.low, law.high)
    down = shaped(device.synapse.ltd, law.high, law.low)
    return of_synapse(Synapse(up, down), device.name, device.facts)


def _shape(case: Case, value: float) -> Case:
    return replace(case, device=with_shape(case.device, alpha_of_nl(value)))


def _hidden(case: Case, value: float) -> Case:
    return replace(case, network=replace(case.network, hidden=int(value)))


def _hard(key: str, whole: bool = False) -> Callable[[Case, float], Case]:
    return lambda case, value: case.hard(**{key: int(value) if whole else value})


_MODES: Final = {
    "by pulses": {"mode": "pulses"},
    "written and verified": {"mode": "write-verify"},
}
_UPDATES: Final = {
    "by pulses": {"mode": "pulses", "update": "both-ways"},
    "potentiation only": {"mode": "pulses", "update": "one-way"},
    "written and verified": {"mode": "write-verify", "update": "both-ways"},
}

_ALL: Final = (
    Break(
        name="non-linearity",
        question="What do pulses that saturate do?",
        axis="nl",
        axis_title="NL of both directions",
        values=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        change=_shape,
        curves=_UPDATES,
    ),
    Break(
        name="on-off",
        question="What does a small window do, the upper end being the same?",
        axis="on_off_ratio",
        axis_title="On/off ratio",
        values=(1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0, 100.0),
        change=lambda case, value: replace(case, device=with_ratio(case.device, value)),
        curves={
            "window alone": {},
            "reading off by 2 % of the conductance": {"noise": 0.02},
            "lines, R Gmax = 1e-3": {"lines": 1e-3},
        },
        logarithmic=True,
    ),
    Break(
        name="levels",
        question="What do few levels do?",
        axis="levels",
        axis_title="Levels",
        values=(2, 4, 8, 16, 32, 64, 128, 256),
        change=_hard("levels", whole=True),
        curves=_MODES,
        varies=("levels",),
        logarithmic=True,
    ),
    Break(
        name="cycle-to-cycle",
        question="What does a pulse that does not repeat do?",
        axis="cycle_spread",
        axis_title="Spread of a pulse over the window",
        values=(0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2),
        change=_hard("cycle_spread"),
        curves=_MODES,
        varies=("cycle_spread",),
    ),
    Break(
        name="device-to-device",
        question="What do devices that differ do?",
        axis="device_spread",
        axis_title="Relative spread of windows and pulses",
        values=(0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
        change=_hard("device_spread"),
        curves=_MODES,
        varies=("device_spread",),
    ),
    Break(
        name="stuck",
        question="What do devices that cannot be moved do?",
        axis="stuck",
        axis_title="Share of stuck devices",
        values=(0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4),
        change=_hard("stuck"),
        curves=_MODES,
        varies=("stuck",),
    ),
    Break(
        name="line-resistance",
        question="What do lines do that have a resistance?",
        axis="line_resistance_times_g_max",
        axis_title="R of a segment times Gmax",
        values=(1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        change=lambda case, value: case.hard(line_resistance=value / case.device.law.high),
        curves={
            **_MODES,
            "by pulses, trained through the lines": {
                "mode": "pulses",
                "update": "both-ways",
                "train_through_lines": True,
            },
        },
        varies=("line_resistance",),
        logarithmic=True,
    ),
    Break(
        name="array-size",
        question="What does a larger array do?",
        axis="hidden",
        axis_title="Hidden units",
        values=(9, 18, 36, 72, 144, 288),
        change=_hidden,
        curves={
            "no resistance": {"lines": 0.0},
            "R Gmax = 3e-4": {"lines": 3e-4},
            "R Gmax = 1e-3": {"lines": 1e-3},
        },
        varies=("hidden", "array"),
        logarithmic=True,
    ),
    Break(
        name="forgetting",
        question="What do devices do that forget from one sample to the next while they learn?",
        axis="interval",
        axis_title="Time between two samples",
        axis_unit="s",
        values=(1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0),
        change=_hard("interval"),
        curves={"by pulses": {"mode": "pulses", "update": "both-ways", "levels": 0}},
        varies=("interval",),
        logarithmic=True,
    ),
    Break(
        name="drift",
        question="What is left some time after the training?",
        axis="wait",
        axis_title="Time after the last write",
        axis_unit="s",
        values=(0.01, 0.1, 1.0, 10.0, 100.0, 1000.0),
        change=_hard("wait"),
        curves=_MODES,
        varies=("wait",),
        logarithmic=True,
    ),
)

BREAKS: Final[Mapping[str, Break]] = {one.name: one for one in _ALL}
"""In the order in which they are shown."""
