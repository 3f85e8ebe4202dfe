"""The band of accuracies that is open where a paper prints one number and not how it came about.

Each variant changes one thing that the papers' main texts leave open, by an amount that is usual for such
devices; none is chosen for a device or a number.  The published value lies inside if it is between the lowest
mean less its spread over the seeds and the highest mean plus its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from compactmodels.workflows.recognition.device import Device
from compactmodels.workflows.recognition.images import Images
from compactmodels.workflows.recognition.run import Progress, Recognition, recognise
from compactmodels.workflows.recognition.settings import Hardware, Network

VARIANTS: Final[Mapping[str, tuple[dict[str, Any], dict[str, Any]]]] = MappingProxyType(
    {
        "as stated": ({}, {}),
        # the same step for each sample
        "gradients of 10 samples averaged": ({"batch": 10, "rate": 0.3}, {}),
        "a third of the learning rate": ({"rate": 0.01}, {}),
        "three times the learning rate": ({"rate": 0.1}, {}),
        "2 % cycle to cycle": ({}, {"cycle_spread": 0.02}),
        "10 % device to device": ({}, {"device_spread": 0.1}),
        "2 % read noise": ({}, {"read_noise": 0.02}),
        "potentiation only, with refresh": ({}, {"update": "one-way"}),
        "written and verified": ({}, {"mode": "write-verify"}),
    }
)
"""Changes of Network and of Hardware."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """What the open settings span.

    Parameters
    ----------
    found : mapping
        A recognition for each variant.
    """

    found: Mapping[str, Recognition]

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest of the means less their spreads, highest of the means plus theirs; at most 1."""
        low, high = (edge for _, edge in self.edges)
        return low, min(high, 1.0)

    @property
    def edges(self) -> tuple[tuple[str, float], tuple[str, float]]:
        """The variants that set the limits, and where."""
        rows = {name: r.accuracies for name, r in self.found.items()}
        spread = {name: float(a.std(ddof=1)) if a.size > 1 else 0.0 for name, a in rows.items()}
        low = {name: float(a.mean()) - spread[name] for name, a in rows.items()}
        high = {name: float(a.mean()) + spread[name] for name, a in rows.items()}
        least, most = min(low, key=low.__getitem__), max(high, key=high.__getitem__)
        return (least, low[least]), (most, high[most])

    def holds(self, published: float) -> bool:
        """Whether a published accuracy lies inside."""
        low, high = self.limits
        return low <= published <= high


def band(
    device: Device,
    images: Images,
    *,
    seeds: int = 5,
    seed: int = 0,
    progress: Progress = lambda *_: None,
    variants: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = VARIANTS,
) -> Band:
    """Train and test under every variant.

    Parameters
    ----------
    device : Device
    images : Images
    seeds, seed, progress
        Of :func:`compactmodels.workflows.recognition.run.recognise`.
    variants : mapping, optional
        Changes of Network and of Hardware by name.
    """
    found = {
        name: recognise(
            device,
            images,
            Network(**network),
            Hardware(**hardware),
            seeds=seeds,
            seed=seed,
            progress=progress,
        )
        for name, (network, hardware) in variants.items()
    }
    return Band(found)
