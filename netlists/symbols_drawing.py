"""The memristor's symbol, drawn once and scaled to each editor's grid.

L. O. Chua's rectangle with a square wave in it (IEEE Trans. Circuit Theory 18, 507 (1971),
doi:10.1109/TCT.1971.1083337), with a thick bar at one end that gives the polarity.  The literature is
not of one mind about what the bar means; here **the bar marks n**: at positive v(p,n) current flows into
the plain end p and out of the bar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Point = tuple[float, float]

LEFT, TOP, RIGHT, BOTTOM = -1.0, -2.0, 1.0, 2.0
"""The rectangle, in half its width; y points down."""
BAR_TOP: Final = 1.7
REACH: Final = 3.0
"""Distance of the pins from the middle: p above, n below."""
OUTLINE: Final = ((LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM), (LEFT, TOP))
BAR: Final = ((LEFT, BAR_TOP), (RIGHT, BAR_TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM), (LEFT, BAR_TOP))
WAVE: Final = (
    (0.0, TOP),
    (0.0, -1.5),
    (0.5, -1.5),
    (0.5, -0.5),
    (-0.5, -0.5),
    (-0.5, 0.5),
    (0.5, 0.5),
    (0.5, 1.5),
    (0.0, 1.5),
    (0.0, BAR_TOP),
)
PINS: Final = ("p", "n")
"""In the order of the subcircuit's nodes."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The symbol in an editor's units, as texts.

    Parameters
    ----------
    outline, bar, wave : tuple of (str, str)
        Corners of the rectangle, of the bar and of the square wave; the first two are closed.
    leads : tuple
        Two points for each pin.
    shading : tuple
        Lines that fill the bar where an editor fills nothing; a unit apart.
    p, n : str
        y of the pins; their x is 0.
    lead : str
        Length of a lead.
    """

    outline: tuple[tuple[str, str], ...]
    bar: tuple[tuple[str, str], ...]
    wave: tuple[tuple[str, str], ...]
    leads: tuple[tuple[tuple[str, str], ...], ...]
    shading: tuple[tuple[tuple[str, str], ...], ...]
    p: str
    n: str
    lead: str

    @property
    def segments(self) -> list[str]:
        """Leads, rectangle and wave as single lines, ``x1 y1 x2 y2``."""
        pieces = [*self.leads, *pairwise(self.outline), *pairwise(self.wave)]
        return [" ".join(c for point in piece for c in point) for piece in pieces]


def drawing(unit: float, write: Callable[[float], str], *, up: bool = False) -> Drawing:
    """The symbol with ``unit`` per half width; ``up``: the editor's y points up.

    Examples
    --------
    >>> drawing(10, lambda x: f"{x:g}").segments[0]
    '0 -30 0 -20'
    """
    sign = -1.0 if up else 1.0

    def at(points: tuple[Point, ...]) -> tuple[tuple[str, str], ...]:
        # + 0.0: no editor needs to meet a minus zero.
        return tuple((write(unit * x + 0.0), write(sign * unit * y + 0.0)) for x, y in points)

    count = round(unit * (BOTTOM - BAR_TOP))
    rows = [BOTTOM - k / unit for k in range(1, count)]
    return Drawing(
        outline=at(OUTLINE),
        bar=at(BAR),
        wave=at(WAVE),
        leads=(at(((0.0, -REACH), (0.0, TOP))), at(((0.0, BOTTOM), (0.0, REACH)))),
        shading=tuple(at(((LEFT, y), (RIGHT, y))) for y in rows),
        p=write(-sign * unit * REACH),
        n=write(sign * unit * REACH),
        lead=write(unit * (REACH - BOTTOM)),
    )
