"""Reading a module's variables through its own equations: a node for each, whose volts are it.

Compilers that evaluate a module's equations do not always give its operating-point variables or its
noise; a node that is tied to a variable is an equation, and they all give those.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from compactmodels.errors import NetlistError, SimulationError

PROBE: Final = "read__"
"""What the names of such nodes begin with; no branch has a name that ends in one."""
_PORTS: Final = "    electrical p, n;\n"
_END: Final = "    end\nendmodule\n"


def probed(source: str, variables: Sequence[str]) -> str:
    """An emitted module with a node ``read__<name>`` for each of its variables ``variables``.

    Raises
    ------
    SimulationError
        The text is no module that :func:`veriloga.module` emitted.
    NetlistError
        A variable's name is none.
    """
    names = list(variables)
    strange = [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    if strange:
        raise NetlistError(
            f"variable {strange[0][:60]!r} is no name: letters, digits and '_' are expected"
        )
    if source.count(_PORTS) != 1 or not source.endswith(_END):
        raise SimulationError("variables can be read of emitted modules only")
    nodes = "".join(f"    electrical {PROBE}{name};\n" for name in names)
    ties = "".join(f"        I({PROBE}{n}) <+ V({PROBE}{n}) - {n};\n" for n in names)
    return source.replace(_PORTS, _PORTS + nodes).removesuffix(_END) + ties + _END
