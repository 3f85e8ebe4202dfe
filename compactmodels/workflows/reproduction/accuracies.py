"""The accuracies of the papers' networks, on library cards: as stated, in floating point, and what is open.

The papers print one number each and leave training, noise and update open.  The simulated value is the mean
under the choice that is the same for all devices (:mod:`..recognition.settings`); the criterion, also the same
for all, is that the published value lies inside the band that the open settings span
(:mod:`..recognition.band`).  Nothing here is chosen for a device or a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from compactmodels.errors import InputError
from compactmodels.files import is_there
from compactmodels.workflows.recognition.band import VARIANTS, Band, band
from compactmodels.workflows.recognition.device import Device, of_card
from compactmodels.workflows.recognition.images import CLASSES, Images, bundled, load
from compactmodels.workflows.recognition.run import Recognition
from compactmodels.workflows.reproduction.lab import Lab, Measure
from compactmodels.workflows.reproduction.published import Fact, paper
from compactmodels.workflows.reproduction.rows import Curve, Measured, Panel

SEEDS: Final = 5
"""Of the value as stated."""
BAND_SEEDS: Final = 3
"""Of every other variant: nine of them with five seeds would take MNIST half an hour."""
STATED: Final = "as stated"
DIGITS, MNIST = "8x8", "MNIST"
PIXELS: Final[Mapping[int, str]] = MappingProxyType({64: DIGITS, 784: MNIST})
"""What images are, by their pixels."""
HOW: Final = "not run: it trains networks; ask for it with --accuracy, or with --only {id}"
NO_MNIST: Final = "not run: give --images DIR with MNIST's four files"
SMALL: Final = (
    "on the bundled split (UCI's test file alone, mostly other writers in the test): give --images DIR with optdigits.tra "
    "and optdigits.tes for the full one"
)
BEYOND: Final = "the published value is above what floating point reaches on these images"


@dataclass(frozen=True, slots=True)
class Target:
    """Which card is trained on which images."""

    paper: str
    card: str
    images: str


TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "ohm.mnist": Target("ohm", "ohm", MNIST),
        "mose2.digits8x8": Target("mose2", "mose2", DIGITS),
        "mose2.mnist": Target("mose2", "mose2", MNIST),
        "ohp.digits8x8": Target("ohp", "ohp-n3", DIGITS),
        "ohp.mnist": Target("ohp", "ohp-n3", MNIST),
    }
)


def images_of(folders: Sequence[Path]) -> dict[str, Images]:
    """Images by what they are: ``8x8``, ``MNIST``.

    Parameters
    ----------
    folders : sequence of Path
        Each with ``optdigits.tra`` and ``.tes``, or with MNIST's four IDX files.

    Raises
    ------
    InputError
        Codes ``no_dataset`` (no folder), ``other_images`` (of another size, or the same kind twice).
    DataFileError
        Files that are missing, truncated or do not belong together.
    """
    found: dict[str, Images] = {}
    for folder in folders:
        if not is_there(folder) or not folder.is_dir():
            raise InputError(
                f"--images {folder}: no such folder; one with optdigits.tra and optdigits.tes, or with MNIST's "
                "four IDX files, is expected",
                code="no_dataset",
            )
        images = load(str(folder.absolute()))  # never the bundled ones, whatever the folder's name
        what = PIXELS.get(images.pixels)
        if what is None or what in found:
            said = (
                f"a second folder of {what} images" if what else f"images of {images.pixels} pixels"
            )
            raise InputError(
                f"--images {folder}: {said}; one folder of 8x8 digits and one of MNIST's 28x28 are expected",
                code="other_images",
            )
        found[what] = images
    return found


def accuracy(
    id_: str,
    lab: Lab,
    *,
    seeds: int = SEEDS,
    band_seeds: int = BAND_SEEDS,
    variants: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = VARIANTS,
) -> Measured:
    """Train a target's card and hold the published value against the band.

    Parameters
    ----------
    id_ : str
        Of :data:`TARGETS`.
    lab : Lab
        Its ``training`` says whether to train at all, its ``images`` on what; 8x8 images default to the
        bundled ones.  The engine plays no part: cards are driven by the compiled integrator.
    seeds, band_seeds : int
        Repeats as stated, and of every other variant.
    variants : mapping
        Of :data:`compactmodels.workflows.recognition.band.VARIANTS`, with ``as stated``.
    """
    target = TARGETS[id_]
    if not lab.training:
        return Measured(not_run=HOW.format(id=id_))
    images = lab.images.get(target.images)
    if images is None and target.images == MNIST:
        return Measured(not_run=NO_MNIST)
    small = images is None
    lab.told(f"{target.card}: driving the card")
    device = of_card(lab.card(target.card))
    spanned = _spanned(device, images or bundled(), lab, variants, (seeds, band_seeds))
    return judged(paper(target.paper).facts[id_], spanned, SMALL if small else "")


def _spanned(
    device: Device,
    images: Images,
    lab: Lab,
    variants: Mapping[str, tuple[dict[str, Any], dict[str, Any]]],
    seeds: tuple[int, int],
) -> Band:
    """Every variant, told one by one; seeds as stated, and of the others."""
    found: dict[str, Recognition] = {}
    for k, (name, changes) in enumerate(variants.items(), 1):

        def told(text: str, done: int, of: int, name: str = name, k: int = k) -> None:
            lab.told(f"{device.name} on {images.name}, {name} ({k}/{len(variants)}): {done}/{of}")

        found |= band(
            device,
            images,
            seeds=seeds[name != STATED],
            seed=lab.seed,
            progress=told,
            variants={name: changes},
        ).found
    return Band(found)


def judged(fact: Fact, spanned: Band, remark: str = "") -> Measured:
    """The value as stated, floating point beside it, and whether the published value lies in the band.

    Parameters
    ----------
    fact : Fact
        Its value is an accuracy.
    spanned : Band
        With ``as stated``.
    remark : str
        On the images.
    """
    stated, published = spanned.found[STATED], float(fact.value)
    own, plain = _spread(stated.accuracies), _spread(stated.float_accuracies)
    low, high = spanned.limits
    inside = spanned.holds(published)
    means = {name: float(one.accuracies.mean()) for name, one in spanned.found.items()}
    least, most = (name for name, _ in spanned.edges)
    repeats = sorted({len(one.outcomes) for name, one in spanned.found.items() if name != STATED})
    others = f", {'/'.join(map(str, repeats))} seeds each beside the first" if repeats else ""
    text = [
        f"{_pm(own)} over {len(stated.outcomes)} seeds on {_shape(stated)}",
        f"floating point {_pm(plain)}",
        f"what the paper leaves open spans {low:.3f}..{high:.3f} ({len(means)} variants{others}; from '{least}' "
        f"{means[least]:.3f} to '{most}' {means[most]:.3f}, each with its spread)",
        f"the published {published:g} lies {'inside' if inside else 'OUTSIDE'}, {published - own[0]:+.3f} from "
        "the value as stated",
        *(message for _, message in stated.device.remarks),
        remark,
        BEYOND if published > max(stated.float_accuracies) else "",
    ]
    details = {
        "seeds": len(stated.outcomes),
        "std": own[1],
        "float": {"mean": plain[0], "std": plain[1]},
        "band": [low, high],
        "inside": inside,
        "variants": means,
        "images": {
            "name": stated.images.name,
            "training": len(stated.images.train_y),
            "test": len(stated.images.test_y),
        },
    }
    return Measured(
        values={"": own[0]},
        bands={"": (low, high)},
        panels=[_panel(fact, stated, (low, high))],
        note="; ".join(filter(None, text)),
        details=details,
    )


def _spread(values: np.ndarray) -> tuple[float, float | None]:
    """Mean, and standard deviation over the seeds (None for one)."""
    return float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else None


def _pm(value: tuple[float, float | None]) -> str:
    return f"{value[0]:.3f}" + ("" if value[1] is None else f" +- {value[1]:.3f}")


def _shape(found: Recognition) -> str:
    images, network = found.images, found.choice.network
    return (
        f"{images.name} ({len(images.train_y)}/{len(images.test_y)}), {images.pixels}-{network.hidden}-{CLASSES}, "
        f"{network.epochs} epochs"
    )


def _panel(fact: Fact, stated: Recognition, limits: tuple[float, float]) -> Panel:
    """Learning curves, the published value and the band."""
    own = np.mean([o.curve[:, 1] for o in stated.outcomes], axis=0)
    plain = np.mean([o.float_curve[:, 1] for o in stated.outcomes], axis=0)
    epochs, ends = np.arange(1.0, own.size + 1), [1.0, float(own.size)]
    return Panel(
        f"{fact.where}: accuracy on {stated.images.name}",
        "Epoch",
        "Accuracy",
        [
            Curve(epochs, own, stated.device.name),
            Curve(epochs, plain, "floating point"),
            *(Curve(ends, [edge] * 2, f"open: {edge:.3f}") for edge in limits),
            Curve(ends[1:], [float(fact.value)], "published", published=True),
        ],
    )


def measures_of(name: str) -> dict[str, Measure]:
    """How a paper's accuracies are measured, by id."""
    return {id_: partial(accuracy, id_) for id_, t in TARGETS.items() if t.paper == name}
