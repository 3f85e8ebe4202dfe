"""What was recognised as labelled data (xarray) and netCDF, and as figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from compactmodels import __version__
from compactmodels.files import write_text
from compactmodels.workflows.recognition.run import Recognition, document

if TYPE_CHECKING:
    import xarray


def dataset(found: Recognition) -> xarray.Dataset:
    """Accuracies, learning curves, confusion and conductances with names and units.

    Dimensions: ``run`` counts the seeds, ``epoch`` from 1, ``shown`` and ``said`` are digits, ``sign`` the
    plus and minus device of a pair, ``input`` (the last one the bias), ``hidden``, ``hidden_input`` and
    ``output`` the lines of the two arrays.
    """
    import xarray

    runs = found.outcomes
    variables: dict[str, Any] = {
        "accuracy": ("run", found.accuracies, {"units": "1"}),
        "float_accuracy": ("run", found.float_accuracies, {"units": "1"}),
        "confusion": (
            ("run", "shown", "said"),
            np.array([o.counts for o in runs], dtype=np.int32),
            {"units": "1"},
        ),
        "pulses": ("run", np.array([float(o.pulses) for o in runs]), {"units": "1"}),
        "float_curve": (
            ("run", "epoch", "what"),
            np.array([o.float_curve for o in runs]),
            {"units": "1"},
        ),
    }
    if runs[0].curve.size:
        curves = np.array([o.curve for o in runs])
        variables["curve"] = (("run", "epoch", "what"), curves, {"units": "1"})
    for k, dims in enumerate((("input", "hidden"), ("hidden_input", "output"))):
        g = np.array([o.conductances[k] for o in runs], dtype=np.float32)
        said = {"units": "S", "long_name": f"conductance of layer {k + 1} after the last write"}
        variables[f"conductance_{k + 1}"] = (("run", "sign", *dims), g, said)
    coordinates = {
        "what": ("what", np.array(["loss", "accuracy"])),
        "sign": ("sign", np.array([1, -1], dtype=np.int32)),
        "epoch": ("epoch", np.arange(1, len(runs[0].float_curve) + 1, dtype=np.int32)),
    }
    about: dict[str, Any] = {
        "device": found.device.name,
        "images": found.images.name,
        "seed": found.seed,
    }
    settings = json.dumps(found.choice.document())
    attributes = {**about, "settings": settings, "compactmodels": __version__}
    return xarray.Dataset(variables, coordinates, attributes)


def write(found: Recognition, folder: Path, text: str) -> list[Path]:
    """JSON (``text``), netCDF and figures into a folder; returns the paths."""
    from compactmodels import figures
    from compactmodels.figures import recognition as drawn
    from netlists.arrays.labelled import write_netcdf

    stem = f"{found.device.name}-recognition".replace(" ", "-").replace(",", "")
    paths = [
        write_text(folder / f"{stem}.json", text),
        write_netcdf(dataset(found), folder / f"{stem}.nc"),
    ]
    title = f"{found.device.name} on {found.images.name}"
    curves = (
        np.array([o.curve[:, 1] for o in found.outcomes]) if found.outcomes[0].curve.size else None
    )
    plain = np.array([o.float_curve[:, 1] for o in found.outcomes])
    made = {
        "curve": drawn.learning_curve(curves, plain, found.accuracies, title=title),
        "confusion": drawn.confusion_matrix(found.counts, title=title),
        "conductance": drawn.conductance_histogram(found.outcomes[0].conductances, title=title),
    }
    for name, figure in made.items():
        paths += figures.save(figure, folder / f"{stem}-{name}")
    return paths


def as_document(found: Recognition) -> dict[str, Any]:
    """For JSON (see :func:`run.document`)."""
    return document(found)
