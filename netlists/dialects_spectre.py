"""A card for Spectre: an include file around its Verilog-A module.

Spectre compiles Verilog-A itself, so that nothing is gained by a subcircuit of behavioural sources.
"""

from __future__ import annotations

from pathlib import Path

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.files import write_text
from compactmodels.names import comment, identifier, number
from compactmodels.templating import render


def spectre_include(card: ModelCard, name: str | None = None) -> str:
    """The text of the include file.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the Verilog-A module, and of the file ``<name>.va`` beside this one; the card's (``-`` as
        ``_``) unless given.

    Returns
    -------
    str
        A subcircuit ``<name>_cell`` with the pins and parameters of the module, whose defaults are the card's
        values.

    Raises
    ------
    NetlistError
        A name that may not stand in a netlist.
    """
    module = identifier(name or card.name, "module")
    parameters = [
        {
            "name": p.name,
            "value": number(card.values[p.name]),
            "unit": p.unit,
            "doc": comment(p.doc),
        }
        for p in card.model.parameters
    ]
    return render(
        "netlists",
        "spectre.scs.j2",
        module=module,
        cell=f"{module}_cell",
        source=f"{module}.va",
        card=card.name,
        title=comment(card.title),
        citation=comment(card.citation),
        version=__version__,
        parameters=parameters,
    )


def emit_spectre(card: ModelCard, folder: Path) -> Path:
    """Write ``<card>.scs`` into ``folder``; the Verilog-A module belongs beside it."""
    text = spectre_include(card)
    return write_text(Path(folder) / f"{identifier(card.name, 'module')}.scs", text)
