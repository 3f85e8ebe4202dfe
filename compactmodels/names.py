"""The gate between a user's text and a netlist: names, comments and numbers.

Whatever a user wrote (a card's name, a title, a value) passes one of these three functions before
it stands in a deck; none of them can yield a second line, a directive or a second field.
"""

from __future__ import annotations

import math
import re
from typing import SupportsFloat

from compactmodels.errors import NetlistError
from compactmodels.parameter import RESERVED

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_LEGAL = _LETTERS | frozenset("0123456789_")


def identifier(name: str, what: str = "name") -> str:
    """``name`` as an identifier that SPICE and Verilog-A accept.

    Parameters
    ----------
    name : str
        Letters, digits, ``_`` and ``-``, a letter first; ``-`` becomes ``_``.
    what : str
        What it names, for the error.

    Returns
    -------
    str
        Lower case, ``[a-z][a-z0-9_]*``.

    Raises
    ------
    NetlistError
        Another character, an empty name, or a reserved word.

    Examples
    --------
    >>> identifier("OHP-n1", "card")
    'ohp_n1'
    """
    # Not str.lower() alone: it maps some letters of other scripts into ASCII.
    legal = "".join(c.lower() if c.isascii() else c for c in name).replace("-", "_")
    if not legal:
        raise NetlistError(f"{what} is empty: a letter, then letters, digits and '_' are expected")
    for position, character in enumerate(legal):
        if character not in (_LETTERS if position == 0 else _LEGAL):
            expected = "a letter comes first" if position == 0 else "use letters, digits and '_'"
            raise NetlistError(
                f"{what} {name[:60]!r} has {name[position]!r} "
                f"at position {position + 1}: {expected}"
            )
    if legal in RESERVED:
        raise NetlistError(
            f"{what} '{legal}' is a reserved word of SPICE or Verilog-A: choose another"
        )
    return legal


def comment(text: str) -> str:
    r"""``text`` as the content of one comment or title line: printable ASCII, nothing active.

    Examples
    --------
    >>> comment("a\n.control")
    'a .control'
    >>> comment(".end")
    'end'
    """
    line = re.sub(r"[^ -~]+", " ", text)
    # Verilog-A: a '\' at the end would continue the line, '/*' or '*/' open or close a block.
    line = re.sub(r"[/*]*(?:/\*|\*/)[/*]*", "/", line.replace("\\", "/"))
    # SPICE: no directive, continuation or assignment may stand at the start.
    return re.sub(r"^[^A-Za-z0-9]+", "", line).strip()


def number(x: SupportsFloat) -> str:
    """``x`` with the digits that bring the same float back, never with a SPICE suffix.

    Raises
    ------
    NetlistError
        Not a finite number.

    Examples
    --------
    >>> number(0.001), number(3)
    ('0.001', '3.0')
    """
    try:
        value = float(x)
    except (TypeError, ValueError, OverflowError):
        raise NetlistError(f"{x!r} is not a number") from None
    if not math.isfinite(value):
        raise NetlistError(f"{value} may not stand in a netlist: a finite number is expected")
    return repr(value)
