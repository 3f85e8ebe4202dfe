"""What breaks recognition: accuracy against one thing at a time, as rows, CSV and one figure each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import InputError
from compactmodels.files import write_text
from compactmodels.workflows.recognition.breaks import BREAKS, Break, Case, case_of
from compactmodels.workflows.recognition.device import Device
from compactmodels.workflows.recognition.images import Images
from compactmodels.workflows.recognition.run import recognise
from compactmodels.workflows.recognition.settings import Hardware, Network, fitting

FloatArray = NDArray[np.float64]

PLAIN: Final = "floating point"
"""Label of the same network without devices."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One value of the axis, all seeds.

    Parameters
    ----------
    curve : str
    value : float
        Of the axis.
    line_resistance : float
        Of a segment [ohm].
    each, float_each : (seeds,) arrays
        Accuracies with devices and in floating point.
    """

    curve: str
    value: float
    line_resistance: float
    each: FloatArray
    float_each: FloatArray

    @property
    def mean(self) -> float:
        """Of the accuracies."""
        return float(np.mean(self.each))

    @property
    def std(self) -> float | None:
        """Over the seeds; None of one."""
        return float(np.std(self.each, ddof=1)) if self.each.size > 1 else None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "curve": self.curve,
            "value": self.value,
            "line_resistance": self.line_resistance,
            "accuracy": {"mean": self.mean, "std": self.std, "each": self.each.tolist()},
            "float_accuracy": float(np.mean(self.float_each)),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """A study of one device on one set of images."""

    study: Break
    base: Case
    images: Images
    seed: int
    rows: tuple[Row, ...]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "device": self.base.device.name,
            "dataset": self.images.name,
            "axis": self.study.axis,
            "axis_title": self.study.axis_title,
            "unit": self.study.axis_unit or "1",
            "network": asdict(self.base.network),
            "hardware": asdict(self.base.hardware),
            "seed": self.seed,
            "seeds": int(self.rows[0].each.size),
            "rows": [row.document() for row in self.rows],
        }


def named(names: Sequence[str]) -> list[Break]:
    """Studies by their names; ``all`` is every one.

    Raises
    ------
    InputError
        Code ``unknown_study``.
    """
    for name in names:
        if name != "all" and name not in BREAKS:
            near = difflib.get_close_matches(name, BREAKS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are all, {', '.join(BREAKS)}"
            raise InputError(
                f"no study of recognition is called '{name}'; {hint}", code="unknown_study"
            )
    return [one for name, one in BREAKS.items() if name in names or "all" in names]


def knows(study: Break, device: Device) -> bool:
    """Whether the device has what the study asks for: to forget needs a relaxation."""
    return study.name not in ("forgetting", "drift") or device.forgetting is not None


def count_of(study: Break) -> int:
    """Recognitions that a study takes."""
    return len(study.curves) * len(study.values)


def broken(
    study: Break,
    device: Device,
    images: Images,
    network: Network | None = None,
    hardware: Hardware | None = None,
    *,
    values: Sequence[float] | None = None,
    curves: Sequence[str] | None = None,
    seeds: int = 3,
    seed: int = 0,
    told: Callable[[str], None] = lambda _: None,
) -> Broken:
    """Train and test at every value of a study.

    Parameters
    ----------
    study : Break
    device : Device
    images : Images
    network, hardware : optional
        What stays the same.
    values, curves : sequence, optional
        In place of the study's own; some of its curves.
    seeds, seed
        Of :func:`.run.recognise`: every value is trained from the same seeds, so that starts and orders of samples
        are the same along a curve (devices that differ or stick draw first, so the value without any has its own).
    told : callable
        Called with what comes next.

    Raises
    ------
    InputError
        Code ``no_relaxation``: drift of a device of which nothing is known; ``bad_setting``: a setting that cannot
        be, or that the study varies itself.
    """
    network, hardware = network or Network(), hardware or Hardware()
    check(study, device, network, hardware, images.pixels)
    base = Case(device, network.sized(images.pixels), hardware)
    rows = []
    for curve in study.curves if curves is None else curves:
        for value in study.values if values is None else values:
            case = case_of(study, base, curve, value)
            told(f"{study.name}: {curve}, {study.axis} {value:g}")
            found = recognise(
                case.device, images, case.network, case.hardware, seeds=seeds, seed=seed
            )
            ohm = case.hardware.line_resistance
            rows.append(Row(curve, float(value), ohm, found.accuracies, found.float_accuracies))
    return Broken(study, base, images, seed, tuple(rows))


def check(
    study: Break, device: Device, network: Network, hardware: Hardware, pixels: int = 64
) -> None:
    """Refuse what the study cannot be run with.

    Raises
    ------
    InputError
        See :func:`broken`.
    """
    if not knows(study, device):
        raise InputError(
            f"study {study.name}: nothing is known of how '{device.name}' forgets: its pulses were measured "
            "and not its retention",
            code="no_relaxation",
        )
    for given in (network, hardware):
        for name, value in asdict(given).items():
            if name in study.fields and value != getattr(type(given)(), name):
                raise InputError(
                    f"study {study.name} sets {name} itself: leave --{name.replace('_', '-')} out",
                    code="bad_setting",
                )
    for curve in study.curves:
        try:
            case = case_of(study, Case(device, network, hardware), curve, study.values[-1])
            fitting(case.hardware, case.network, pixels)
        except InputError as error:
            raise InputError(
                f"study {study.name}, '{curve}': {error.message}", code=error.code
            ) from error
        if case.hardware.interval > 0.0 and case.device.memory is None:
            raise InputError(
                f"study {study.name} changes the law of the pulses, and with it what is known of how '{device.name}' "
                "forgets: leave --interval out",
                code="no_relaxation",
            )


# ------------------------------------------------------------------------------- what is written


def table(found: Broken) -> str:
    """CSV: one line for each value and seed; the same seed gives the same bytes."""
    lines = [f"curve,{found.study.axis},line_resistance_ohm,run,accuracy,float_accuracy"]
    for row in found.rows:
        numbers = (row.value, row.line_resistance)
        start = [row.curve.replace(",", ""), *(repr(float(x)) for x in numbers)]
        for k, (own, plain) in enumerate(zip(row.each, row.float_each, strict=True)):
            lines.append(",".join([*start, str(k), repr(float(own)), repr(float(plain))]))
    return "\n".join(lines) + "\n"


def drawn(found: Broken) -> Any:
    """The figure: accuracy in percent, and the same network in floating point."""
    from compactmodels import figures

    study, curves = found.study, []
    for curve in dict.fromkeys(row.curve for row in found.rows):
        rows = [row for row in found.rows if row.curve == curve]
        spread = [100 * (row.std or 0.0) for row in rows] if rows[0].each.size > 1 else None
        x, y = [row.value for row in rows], [100 * row.mean for row in rows]
        curves.append(figures.StudyCurve(curve, x, y, spread))
    curves.append(figures.StudyCurve(PLAIN, x, [100 * float(np.mean(r.float_each)) for r in rows]))
    return figures.study(
        curves,
        x=(study.axis_title, study.axis_unit),
        y=("Accuracy", "%"),
        logarithmic=(study.logarithmic, False),
        title=f"{found.base.device.name} on {found.images.name}: {study.name}",
    )


def write(found: Broken, folder: Path) -> list[Path]:
    """CSV and figure into a folder; returns the paths."""
    from compactmodels import figures

    name = found.base.device.name.replace(" ", "-").replace(",", "")
    stem = folder / f"{name}-recognition-{found.study.name}"
    path = write_text(stem.with_name(f"{stem.name}.csv"), table(found))
    return [path, *figures.save(drawn(found), stem)]
