"""One self-contained HTML page of fits: numbers, warnings, figures."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

from compactmodels import __version__, registry
from compactmodels.files import write_text
from compactmodels.templating import render
from compactmodels.workflows.fitted import figures_of, is_synthetic, parameter_rows


def write_report(results: list[Any], path: Path, title: str = "Fits") -> Path:
    """Write the page; figures are embedded, so that the file can be passed on by itself.

    Parameters
    ----------
    results : list of FitResult or Refusal
    path : Path
    title : str
    """
    fits = [_fit(r) if hasattr(r, "parameters") else _refused(r) for r in results]
    stand = sum(not f["refused"] for f in fits)
    text = render(
        "compactmodels",
        "fit_report.html.j2",
        title=title,
        version=__version__,
        summary=f"{stand} of {len(fits)} fits stand",
        fits=fits,
    )
    return write_text(path, text)


def _place(result: Any) -> str:
    branch = f", branch {result.branch}" if result.branch else ""
    return f"{result.file or 'trace'}{branch}"


def _refused(result: Any) -> dict[str, Any]:
    synthetic = is_synthetic(result)
    return {
        "place": _place(result),
        "refused": True,
        "synthetic": synthetic,
        "code": result.code,
        "message": result.message,
    }


def _fit(result: Any) -> dict[str, Any]:
    parts = registry.conductions() if result.kind == "iv" else registry.relaxations()
    others = sorted(result.weights.items(), key=lambda item: -item[1])
    s = result.statistics
    return {
        "place": _place(result),
        "refused": False,
        "synthetic": is_synthetic(result),
        "selected": parts[result.selected].title,
        "reference": parts[result.selected].reference,
        "quality": f"{s['n_points']} points, residual {s['rms_decades']:.3g} decades RMS",
        "parameters": parameter_rows(result),
        "weights": ", ".join(f"{n} {w:.3g}" for n, w in others) if len(others) > 1 else "",
        "warnings": [(w.code, w.message) for w in result.warnings],
        "images": _images(result),
    }


def _images(result: Any) -> list[str]:
    """The figures as data addresses of SVG."""
    with tempfile.TemporaryDirectory() as folder:
        paths = figures_of(result, Path(folder), "figure")
        return [
            "data:image/svg+xml;base64," + base64.b64encode(p.read_bytes()).decode("ascii")
            for p in paths
            if p.suffix == ".svg"
        ]
