"""Names in a module: none twice, none that the language or the simulator has taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from compactmodels.errors import NetlistError
from compactmodels.names import identifier

DISCIPLINES: Final = frozenset(
    """
    logic ddiscrete electrical voltage current magnetic thermal kinematic kinematic_v rotational
    rotational_omega root
    """.split()
)
"""What disciplines.vams declares at the level of modules, and the design's root."""
SPICE_MODELS: Final = frozenset(
    """
    r c l d sw csw urc ltra txl cpl res cap ind diode npn pnp njf pjf nmf pmf nhfet phfet vdmos
    vdmosn vdmosp nsoi psoi numd nbjt numos
    """.split()
)
"""Types of a ``.model`` that simulators have built in: a module of that name would not be found."""


def module_name(name: str) -> str:
    """``name`` as the name of a module.

    Raises
    ------
    NetlistError
        It is none, or taken.
    """
    legal = identifier(name, "module")
    if legal in DISCIPLINES:
        raise NetlistError(
            f"module '{legal}' is called like a discipline of Verilog-A: choose another name"
        )
    if legal in SPICE_MODELS:
        raise NetlistError(
            f"module '{legal}' is called like a model that SPICE has built in: choose another name"
        )
    return legal


def check_identifiers(module: str, names: Mapping[str, Sequence[str]]) -> None:
    """See that no name of a module stands for two things, in a language without case either.

    Parameters
    ----------
    module : str
        For the error.
    names : mapping of str to sequence of str
        What is declared, by kind.

    Raises
    ------
    NetlistError
        Otherwise.
    """
    seen: dict[str, tuple[str, str]] = {}
    for kind, group in names.items():
        for name in group:
            other = seen.get(name.lower())
            if other is not None:
                same = "the same name" if other[1] == name else "names that differ only in case"
                raise NetlistError(
                    f"module '{module}': the {other[0]} '{other[1]}' and the {kind} '{name}' have "
                    f"{same}; rename the branch, the parameter or the intermediate value"
                )
            seen[name.lower()] = (kind, name)
