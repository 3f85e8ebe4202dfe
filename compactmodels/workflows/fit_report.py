"""One self-contained HTML page of fits: figures, numbers, the choice, the warnings, how to repeat it."""

from __future__ import annotations

import base64
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from compactmodels import __version__, registry
from compactmodels.files import write_text
from compactmodels.model import SERIES
from compactmodels.parameter import Parameter
from compactmodels.parts import Part
from compactmodels.templating import render
from compactmodels.workflows.fitted import figures_of, is_synthetic, parameter_rows
from compactmodels.workflows.populations import TRACE_COLUMNS, sharing, trace_rows

PARAMETER_HEADS = [
    *("parameter", "value", "standard error", "unit", "95 % interval", "origin", "meaning")
]


def write_report(
    results: list[Any], path: Path, title: str = "Fits", command: Sequence[str] = ()
) -> Path:
    """Write the page; figures are embedded, so that the file can be passed on by itself.

    Parameters
    ----------
    results : list of FitResult or Refusal
    path : Path
    title : str
    command : sequence of str
        The words of the command line that made it, shown so that it can be repeated.
    """
    names = labels([r.file for r in results if r.file])
    fits = [
        _fit(r, place(r, names)) if hasattr(r, "parameters") else _refused(r, place(r, names))
        for r in results
    ]
    stand = sum(not f["refused"] for f in fits)
    return write_page(fits, path, title, f"{stand} of {len(fits)} fits stand", command)


def write_page(
    fits: Sequence[Mapping[str, Any]],
    path: Path,
    title: str,
    summary: str,
    command: Sequence[str] = (),
) -> Path:
    """Write a page of sections, each as :func:`section` makes them."""
    text = render(
        "compactmodels",
        "fit_report.html.j2",
        title=title,
        version=__version__,
        summary=summary,
        command=shlex.join(command) if command else "",
        fits=[{**fit, "anchor": f"fit{k}"} for k, fit in enumerate(fits, start=1)],
    )
    return write_text(path, text)


def section(
    place: str, selected: str, tables: Sequence[Mapping[str, Any]], **more: Any
) -> dict[str, Any]:
    """What the page says of one fit; empty tables are left out.

    Parameters
    ----------
    place : str
        Its heading: what was fitted.
    selected : str
    tables : sequence of :func:`page_table`
    **more
        ``synthetic rms reference limits quality warnings inferred data images``, as far as there are any.
    """
    known: dict[str, Any] = {
        "refused": False, "synthetic": False, "rms": "", "reference": "", "limits": "", "quality": "",
        "warnings": [], "inferred": [], "data": "", "images": [],
    }  # fmt: skip
    shown = [t for t in tables if t["rows"]]
    return {**known, "place": place, "selected": selected, "tables": shown, **more}


def labels(files: Sequence[str]) -> dict[str, str]:
    """A file's name, with as many of its folders as tell it from the others.

    >>> labels(["x/a/1.csv", "x/b/1.csv", "x/b/1.csv"])
    {'x/a/1.csv': 'a/1.csv', 'x/b/1.csv': 'b/1.csv'}
    """
    parts = {file: PurePath(file).parts for file in files}
    for count in range(1, max(map(len, parts.values()), default=0) + 1):
        short = {file: str(PurePath(*names[-count:])) for file, names in parts.items()}
        if len(set(short.values())) == len(parts):
            return short
    return {file: file for file in files}


def place(result: Any, names: Mapping[str, str]) -> str:
    """What was fitted: file, sweep and branch, as far as there are several."""
    sweep = getattr(result, "context", {}).get("sweep")
    several = len(getattr(result, "traces", ()))
    file = names.get(result.file or "") or (f"{several} traces" if several else "trace")
    within = [f"sweep {sweep}" if sweep else "", f"branch {result.branch}" if result.branch else ""]
    return ", ".join([file, *filter(None, within)])


def _refused(result: Any, where: str) -> dict[str, Any]:
    return {
        "place": where,
        "refused": True,
        "synthetic": is_synthetic(result),
        "code": result.code,
        "message": result.message,
    }


def part_of(result: Any) -> Part | None:
    """The mechanism or law that was selected; None where the kind of fit has none of its own."""
    rooms: dict[str, Callable[[], Mapping[str, Part]]] = {
        "iv": registry.conductions,
        "decay": registry.relaxations,
        "plasticity": registry.dependences,
        "dynamics": registry.switchings,
    }
    return rooms[result.kind]().get(result.selected) if result.kind in rooms else None


def _fit(result: Any, where: str) -> dict[str, Any]:
    # With regimes each has its own source and limits, above its table.
    part = None if result.regimes else part_of(result)
    s = result.statistics
    rms = s.get("rms_decades")
    counted = f"{s['n_points']} points" if "n_points" in s else ""
    effective = s.get("n_effective")
    if effective is not None and "n_points" in s and effective < s["n_points"]:
        counted += f" of which {effective:.0f} count (neighbours resemble each other)"
    if result.regimes:
        counted = f"where {result.selected} rules {counted}"
    off = f"{rms:.3g} decades RMS" if rms is not None else ""
    if not off and "rms" in s:
        unit = str(s.get("signal_unit", "")).removeprefix("1")
        off = f"{s['rms']:.3g} {unit} RMS".replace("  ", " ")
    said = [counted, f"off by {off}" if off else "", sharing(result)]
    return section(
        where,
        " + ".join(r.mechanism for r in result.regimes)
        or (part.title if part else result.selected),
        _tables(result),
        synthetic=is_synthetic(result),
        rms=off,
        reference=part.reference if part else "",
        limits=part.limits if part else "",
        quality=", ".join(filter(None, said)),
        warnings=[(w.code, w.message) for w in result.warnings],
        inferred=list(result.context.get("assumed", ())),
        data=_data(result),
        images=images_of(lambda folder: figures_of(result, folder, "figure"), _caption),
    )


def page_table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> dict[str, Any]:
    """One table of a section."""
    return {"title": title, "heads": heads, "rows": rows, "note": note}


def parameter_table(
    result: Any, meant: Sequence[Parameter], title: str = "Parameters", note: str = ""
) -> dict[str, Any]:
    """Values, intervals and origins, each with what it means as far as that is declared."""
    if not meant:
        return page_table(title, PARAMETER_HEADS[:-1], parameter_rows(result), note)
    meaning = {p.name: p.doc for p in (SERIES, *meant)}
    rows = [[*row, meaning.get(row[0], "")] for row in parameter_rows(result)]
    return page_table(title, PARAMETER_HEADS, rows, note)


def correlation_table(result: Any, title: str = "Correlations") -> dict[str, Any]:
    """Every pair of fitted parameters, the closest first."""
    pairs = sorted(result.correlations.items(), key=lambda pair: -abs(pair[1]))
    return page_table(
        title, ["parameters", "correlation"], [[pair, f"{r:+.4f}"] for pair, r in pairs]
    )


def _tables(result: Any) -> list[dict[str, Any]]:
    part = part_of(result)
    tables = []
    if not result.regimes:
        tables.append(parameter_table(result, part.parameters if part else ()))
    if getattr(result, "traces", ()):
        tables.append(page_table("Traces", TRACE_COLUMNS, trace_rows(result)))
    for regime in result.regimes:
        law = registry.conduction(regime.mechanism)
        name = f"{regime.mechanism}, {regime.v_min:.3g} to {regime.v_max:.3g} V"
        note = f"{regime.n_points} points, off by {regime.rms_decades:.3g} decades RMS. {law.reference}"
        note += f". Holds for: {law.limits}" if law.limits else ""
        tables.append(parameter_table(regime, law.parameters, name, note))
    tables.append(_selection(result))
    of = f"Correlations of {result.selected}" if result.regimes else "Correlations"
    tables.append(correlation_table(result, of))
    return tables


def _selection(result: Any) -> dict[str, Any]:
    """One row for each candidate, the likeliest first; none where only one was asked for."""
    candidates = result.statistics.get("candidates") or {}
    heads = ["candidate", "Akaike weight", "RMS (decades)", "RMS (weighted)", "free", "AICc"]
    # Trains are chosen direction by direction and weighed together, under names of their own.
    together: dict[str, dict[str, Any]] = {
        n: {} for n, w in result.weights.items() if n not in candidates and w > 1e-4
    }
    rows = []
    for name, row in {**candidates, **(together if candidates else {})}.items():
        weight = result.weights.get(name)
        if "refused" in row:
            fate = f"refused: {row['refused']}"
        elif row.get("veto"):
            fate = f"ruled out: {row['veto']}"
        elif name == result.selected:
            fate = "selected"
        else:  # a weight is given to whatever is close enough; trains are weighed together
            fate = "too far off" if weight is None and "rms_decades" in row else ""
        numbers = [weight, *(row.get(k) for k in ("rms_decades", "rms", "free", "aicc"))]
        digits = (3, 4, 4, 4, 4)
        cells = ["" if x is None else f"{x:.{d}g}" for x, d in zip(numbers, digits, strict=True)]
        rows.append((-(weight or 0.0), [name, *cells, fate]))
    shown = [cells for _, cells in sorted(rows, key=lambda item: item[0])]
    heads = [*heads, "what became of it"]
    kept = [k for k in range(len(heads)) if k == 0 or any(cells[k] for cells in shown)]
    return page_table(
        "Selection",
        [heads[k] for k in kept],
        [[cells[k] for k in kept] for cells in shown],
        "Equal points for all; the points that count are shared, so that neighbours that "
        "resemble each other do not vote twice."
        if len(result.weights) > 1
        else "",
    )


def _data(result: Any) -> str:
    traces = getattr(result, "traces", ())
    if traces:  # the temperature of each is in the table
        digests = [t.context.get("sha256") for t in traces]
        said = [f"trace {k}: data SHA-256 {d}" for k, d in enumerate(digests, start=1) if d]
        return "; ".join(said)
    digest = result.context.get("sha256")
    warm = result.statistics.get("temperature")
    parts = [f"temperature {warm:g} K" if warm else "", f"data SHA-256 {digest}" if digest else ""]
    return "; ".join(p for p in parts if p)


def images_of(
    draw: Callable[[Path], list[Path]], caption: Callable[[str], str]
) -> list[tuple[str, str]]:
    """The figures that ``draw`` writes into a folder, as data addresses of SVG, with what they show."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [p for p in draw(Path(folder)) if p.suffix == ".svg"]
        return [
            (
                "data:image/svg+xml;base64," + base64.b64encode(p.read_bytes()).decode("ascii"),
                caption(p.stem),
            )
            for p in paths
        ]


def _caption(stem: str) -> str:
    kind = stem.removeprefix("figure").strip("-")
    if not kind:
        return "Data, fit with its 95 % confidence band, residuals"
    if kind == "traces":
        return "All traces, the joint fit, residuals"
    if kind == "arrhenius":
        return "Current at one bias against temperature, data and joint fit"
    if kind == "noise":
        return "How far readings differ with the distance between them, and the noise model"
    if kind == "linearised":
        return (
            "In coordinates in which the mechanism alone, without a series resistance, is straight"
        )
    return kind.replace("-", " ")
