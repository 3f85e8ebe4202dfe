"""Small-signal noise of the emitted device against the model's own."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.names import number
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.outcome import Finding, Worst
from compactmodels.workflows.check.subject import COLDEST, HOTTEST, setting_of
from compactmodels.workflows.check.tools import NGSPICE, OSDI

FloatArray = NDArray[np.float64]

SHARE: Final = 1e-2
"""Of the density."""


def density(bench: Bench, tool: Any) -> Finding:
    """Density of the short-circuit current at 0 V, the read voltage and the drive."""
    from compactmodels.noise import device_density

    drive = bench.subject.drive
    read = bench.card.operation.get("v_read", 0.1 * drive)
    biases = np.array([0.0, read, -drive])
    worst = Worst()
    for w, s, kelvin in ((0.0, 0.0, 300.15), (0.6, 0.4, COLDEST), (1.0, 1.0, HOTTEST)):
        x = setting_of(bench.card, w=w, s=s, temperature=kelvin)
        expected = device_density(bench.card.model, biases, x.values, w=w, s=s, temperature=kelvin)
        for bias, target in zip(biases, expected, strict=True):
            body = "\n".join(
                [
                    f"V1 a 0 dc {number(bias)} ac 1",
                    tool.device("1", "a", "b", x, hold=1),
                    "Vs b 0 0\nH1 out 0 Vs 1",  # 1 V of the output is 1 A through Vs
                    ".noise v(out) V1 lin 1 1 1",
                ]
            )
            spectrum, *_ = tool.run("noise", body, kelvin, "reltol=1e-9 abstol=1e-18 vntol=1e-12")
            found = float(spectrum["onoise_spectrum"][0] ** 2)
            worst.take(abs(found / float(target) - 1.0), **x.where(float(bias)))
    return worst.finding(SHARE)


CHECKS: Final = (
    Check(
        "noise",
        "the noise density is 2 q I coth(q V/2 k T) where a barrier limits the current, 4 k T I/V where the bulk does",
        f"{SHARE:g} of the density",
        (NGSPICE, OSDI),
        density,
    ),
)
