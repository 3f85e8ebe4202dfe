"""A fit of dynamics beyond its numbers: figures, and rows for tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compactmodels import figures
from compactmodels.figures.dynamics import dynamics_fit
from compactmodels.workflows.fit_report import (
    correlation_table,
    images_of,
    page_table,
    parameter_table,
    part_of,
    section,
    write_page,
)

RESPONSE_HEADS = ["record", "V", "points", "decades", "w0", "s0", "start state"]


def figures_of(responses: list[Any], law: str, folder: Path) -> list[Path]:
    """Write each record's figure into ``folder``; returns the paths, PNG and SVG."""
    written: list[Path] = []
    for k, response in enumerate(responses):
        r = response.record
        stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(r.name).stem).strip("-").lower()[:60] or "record"
        figure = dynamics_fit(
            r.time,
            r.voltage,
            r.current,
            response.current,
            used=r.used,
            title=r.name,
            label=law.replace("_", " "),
            synthetic="synthetic" in r.name,
        )
        written += figures.save(figure, folder / f"{stem}-{response.initial}-{k + 1}")
    return written


def response_rows(responses: list[Any]) -> list[list[str]]:
    """One row a record: number, voltages, points, residual, states at the start and how they came."""
    rows = []
    for k, response in enumerate(responses):
        row = response.row()
        rows.append(
            [
                str(k + 1),
                f"{row['v_min']:.2f} .. {row['v_max']:.2f}",
                str(row["n_points"]),
                f"{row['rms_decades']:.4f}",
                f"{row['w0']:.4f}",
                f"{row['s0']:.4f}",
                row["initial"],
            ]
        )
    return rows


def write_report(
    result: Any,
    responses: list[Any],
    beyond: Sequence[Any],
    path: Path,
    command: Sequence[str] = (),
) -> Path:
    """The fit as one self-contained page.

    Parameters
    ----------
    result : DynamicsResult
    responses : list of Response
        Through the records of the fit, and then those that were predicted.
    beyond : sequence of Warned
        Of the predictions.
    path : Path
    command : sequence of str
        The words of the command line, shown so that it can be repeated.
    """
    part, s = part_of(result), result.statistics
    names = [[str(k + 1), r.record.name] for k, r in enumerate(responses)]
    fitted, off = len(result.responses), f"{s['rms_decades']:.3g} decades RMS"
    digests = [r.record.trace.meta.get("sha256") for r in responses]
    page = section(
        f"{fitted} record{'s' if fitted > 1 else ''}, {len(responses) - fitted} predicted",
        part.title if part else result.selected,
        [
            parameter_table(result, result.card(None).model.parameters),
            page_table("Records", RESPONSE_HEADS, response_rows(responses), s["initial"]),
            page_table("Files", ["record", "file"], names),
            correlation_table(result),
        ],
        synthetic=any("synthetic" in r.record.name for r in responses),
        rms=off,
        reference=part.reference if part else "",
        limits=part.limits if part else "",
        quality=f"{s['n_points']} points of which {s['n_effective']:.0f} count, {s['n_parameters']} unknowns, "
        f"off by {off}; {s['agreeing']} of {s['starts']} starts agree",
        warnings=[(w.code, w.message) for w in (*result.warnings, *beyond)],
        inferred=[
            f"record {k + 1}: {said}" for k, r in enumerate(responses) for said in r.record.remarks
        ],
        data="; ".join(f"record {k + 1}: data SHA-256 {d}" for k, d in enumerate(digests) if d),
        images=images_of(
            lambda folder: figures_of(responses, result.selected, folder),
            lambda stem: f"Record {stem.rpartition('-')[2]}: data and model",
        ),
    )
    return write_page([page], path, "Dynamics", "state equations fitted to whole records", command)
