"""The look that all figures share: sizes, colours, fonts; and titles and legends in their place."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from itertools import pairwise
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

LINE: Final = 0.16
"""inch: a line of the legend or the title; a figure grows by it, its axes do not shrink."""
KEY: Final = 6
"""Letters that a legend's symbol and the gap after the text are wide."""
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
    "lines.linewidth": 1.1,
    "lines.markersize": 3.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
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
        Any text (a file's name may hold a ``$``); wrapped to three lines.
    synthetic : bool
        Say so in the title.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    letters = int(width * 12.5)
    lines = textwrap.wrap(title, letters, max_lines=3, placeholder=" …")
    if synthetic:
        lines = (
            [f"{lines[0]} (synthetic)"]
            if len(lines) == 1 and len(lines[0]) < letters - 12
            else [*lines, "(synthetic)"]
        )
    if lines:
        figure.set_figheight(height + LINE * (len(lines) - 1))
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
    letters = int(figure.get_figwidth() * 15.0)
    texts = [textwrap.fill(text, letters - KEY) for _, text in entries]
    columns = max(n for n in range(1, len(texts) + 1) if n == 1 or _width(texts, n) <= letters)
    columns = math.ceil(len(texts) / math.ceil(len(texts) / columns))  # as many, but even
    lines = max(sum(text.count("\n") + 1 for text in column) for column in _columns(texts, columns))
    figure.set_figheight(figure.get_figheight() + LINE * (lines - 1))
    figure.legend(
        [artist for artist, _ in entries],
        [text.replace("$", r"\$") for text in texts],
        loc="outside lower center",
        ncols=columns,
    )


def _columns(texts: list[str], count: int) -> list[list[str]]:
    """The texts as matplotlib fills the columns of a legend: downwards, the first ones longer."""
    long, more = divmod(len(texts), count)
    ends = [0]
    for n in range(count):
        ends.append(ends[-1] + long + (n < more))
    return [texts[a:b] for a, b in pairwise(ends)]


def _width(texts: list[str], count: int) -> int:
    """Letters that a legend of so many columns is wide."""
    lines = [[len(x) for text in c for x in text.splitlines()] for c in _columns(texts, count)]
    return sum(max(column, default=0) + KEY for column in lines)


def dots(colour: str, points: int) -> dict[str, Any]:
    """How measured points are drawn: filled circles, smaller where there are many."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 3.2 if points <= 120 else 2.6,
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
