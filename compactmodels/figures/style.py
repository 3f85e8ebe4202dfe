"""The look that all figures share: sizes, colours, fonts; and titles and legends in their place."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")

ONE_COLUMN: Final = 3.5
"""inch: a journal's column, 89 mm."""
TWO_COLUMNS: Final = 7.2
"""inch: a journal's page, 183 mm."""

# Okabe and Ito's colours, told apart by every kind of colour vision.
BLACK: Final = "#000000"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#999999"
PALE: Final = "#666666"

MANY_POINTS: Final = 5000
"""Beyond this a curve is embedded in the SVG as a picture: a vector file would be megabytes."""

STYLE: Final[dict[str, Any]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 8.0,
    "mathtext.default": "regular",
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.labelpad": 3.0,
    "axes.axisbelow": True,
    "figure.titlesize": 9.0,
    "figure.dpi": 100.0,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "legend.borderpad": 0.1,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "svg.hashsalt": "compactmodels",  # the same figure gives the same bytes
    "svg.fonttype": "path",
}
_NOT_OURS: Final = ("backend", "interactive", "toolbar", "webagg", "date.epoch")


def context() -> AbstractContextManager[None]:
    """Matplotlib's defaults and :data:`STYLE`, whatever the user's own settings; for a while."""
    import matplotlib

    defaults = matplotlib.rcParamsDefault.items()
    plain: dict[Any, Any] = {k: v for k, v in defaults if not str(k).startswith(_NOT_OURS)}
    return matplotlib.rc_context(plain | STYLE)


def styled(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the house style and leave the global settings as they were."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with context():
            return function(*args, **kwargs)

    return inside


def new_figure(width: float, height: float, title: str, *, synthetic: bool = False) -> Figure:
    """An empty figure with its title.

    Parameters
    ----------
    width, height : float
        [inch].
    title : str
        Any text (a file's name may hold a ``$``); wrapped to two lines.
    synthetic : bool
        Say so in the title.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    letters = int(width * 12.5)
    lines = textwrap.wrap(title, letters, max_lines=2, placeholder=" …")
    if synthetic:
        lines = (
            [f"{lines[0]} (synthetic)"]
            if len(lines) == 1 and len(lines[0]) < letters - 12
            else [*lines, "(synthetic)"]
        )
    if lines:
        figure.suptitle("\n".join(lines), parse_math=False)
    return figure


def legend(figure: Figure, entries: Sequence[tuple[Any, str]]) -> None:
    """A legend below the axes, where it hides no data.

    Parameters
    ----------
    figure : Figure
    entries : sequence of (artist, text)
        Text is shown as it is, never as mathematics; nothing is drawn for none.
    """
    if not entries:
        return
    letters = figure.get_figwidth() * 14.0
    texts = [textwrap.fill(text, int(letters) - 6) for _, text in entries]
    widest = max(len(line) for text in texts for line in text.splitlines()) + 6
    figure.legend(
        [artist for artist, _ in entries],
        [text.replace("$", r"\$") for text in texts],
        loc="outside lower center",
        ncols=max(1, min(len(entries), int(letters // widest))),
    )


def dots(colour: str, points: int) -> dict[str, Any]:
    """How measured points are drawn: filled circles, smaller where there are many."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 3.2 if points <= 120 else 2.2,
        "markeredgewidth": 0.0,
        "color": colour,
        "rasterized": points > MANY_POINTS,
    }


def rings(points: int) -> dict[str, Any]:
    """How points that took no part are drawn: open and grey."""
    return {
        **dots(GREY, points),
        "markerfacecolor": "none",
        "markeredgewidth": 0.6,
        "zorder": 1.5,
    }
