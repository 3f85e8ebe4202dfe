"""What the review says of learning: which imperfections of a device lower the accuracy of a network of it."""

from __future__ import annotations

import math
from typing import Final

from compactmodels.workflows.recognition.breaking import Broken, Row, broken
from compactmodels.workflows.recognition.breaks import BREAKS
from compactmodels.workflows.recognition.device import of_card
from compactmodels.workflows.recognition.images import load
from compactmodels.workflows.recognition.settings import Network
from compactmodels.workflows.reproduction.lab import Lab
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

CARD: Final = "ohp-n3"
"""Its pulses are nearly even, so that nothing is broken to begin with, and it forgets."""
EPOCHS: Final = 5
SEEDS: Final = 5
SEEDS_OF: Final = {"device-to-device": 20}
"""Where five are too few: the effect is 3 points, of the size of a seed's own scatter."""
BEYOND: Final = 3.0
"""Standard errors of the difference of two means: a smaller one is chance."""

NOISY: Final = "reading off by 2 % of the conductance"
PULSES: Final = "by pulses"
CLAIMS: Final = {
    "device-to-device": (PULSES, (0.0, 0.25, 1.0)),
    "cycle-to-cycle": (PULSES, (0.0, 0.05, 0.1)),
    "drift": (PULSES, (0.01, 0.1, 1.0)),
    "non-linearity": (PULSES, (0.0, 1.0, 3.0)),
    "on-off": (NOISY, (10.0, 1.2, 1.05)),
}
"""Study, its curve, and values from harmless to harmful."""
UNORDERED: Final = ("device-to-device",)
"""Only the ends are compared: a moderate spread does nothing that can be told from chance."""
ALONE: Final = "window alone"


def variation(lab: Lab) -> Measured:
    """Accuracy against each imperfection that the review names, on the bundled digits."""
    device, images, network = of_card(lab.card(CARD)), load("digits"), Network(epochs=EPOCHS)

    def run(name: str, curve: str, values: tuple[float, ...], seeds: int = SEEDS) -> Broken:
        found = broken(
            BREAKS[name],
            device,
            images,
            network,
            values=values,
            curves=[curve],
            seeds=seeds,
            seed=lab.seed,
            told=lab.told,
        )
        lab.runs.append((f"{name}: {len(values)} values, {seeds} seeds", 1, 0))
        return found

    studies = {name: run(name, *what, SEEDS_OF.get(name, SEEDS)) for name, what in CLAIMS.items()}
    alone = run("on-off", ALONE, (10.0, 1.05), 1).rows
    same = float(abs(alone[0].mean - alone[1].mean))
    return Measured(
        orders=[_order(name, one) for name, one in studies.items() if name not in UNORDERED],
        events=[
            *(_lowered(name, one) for name, one in studies.items()),
            Happens(
                "a ratio of 1.05 without noise and lines costs nothing: a pair subtracts it",
                same < 0.01,
                f"{100 * same:.1f} points",
            ),
        ],
        panels=[_panel(name, one) for name, one in studies.items()],
        note=f"{CARD}, digits 8x8 (bundled), 64-36-10, {EPOCHS} epochs, {SEEDS} seeds (device to device {SEEDS_OF['device-to-device']}; windows and "
        "pulses are normal and not below a tenth: 100 % is a spread of 77 %, and less than that lowers nothing); its pulses by the compiled "
        f"integrator in either engine; beyond chance: more than {BEYOND:g} standard errors of the difference",
    )


def _order(name: str, found: Broken) -> Order:
    study, rows = found.study, found.rows
    what = f"accuracy (%) against {study.axis_title.lower() if name != 'non-linearity' else 'NL'}"
    if name == "on-off":
        what = "accuracy (%), readings off by 2 % of G, as the on/off ratio goes down"
    return Order(what, [r.value for r in rows], [100 * r.mean for r in rows], rising=False)


def lowered(first: Row, last: Row) -> bool:
    """Whether the second mean is lower by more than chance."""
    a, b = first.std or 0.0, last.std or 0.0
    error = math.sqrt((a * a + b * b) / first.each.size)
    return first.mean - last.mean > BEYOND * error


def _lowered(name: str, found: Broken) -> Happens:
    rows = found.rows
    unit = f" {found.study.axis_unit}" if found.study.axis_unit else ""
    told = ", ".join(
        f"{100 * r.mean:.1f} +- {100 * (r.std or 0.0):.1f} % at {r.value:.3g}{unit}" for r in rows
    )
    return Happens(f"{name} lowers it beyond chance", lowered(rows[0], rows[-1]), told)


def _panel(name: str, found: Broken) -> Panel:
    study, rows = found.study, found.rows
    x = [r.value for r in rows]
    unit = f" ({study.axis_unit})" if study.axis_unit else ""
    return Panel(
        name.capitalize(),
        study.axis_title + unit,
        "Accuracy (%)",
        [
            Curve(x, [100 * r.mean for r in rows], CARD, points=True),
            Curve(x, [100 * float(r.float_each.mean()) for r in rows], "floating point"),
        ],
        log="x" if study.logarithmic else "",
    )
