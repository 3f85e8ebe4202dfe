"""How a deck defines a card's device and calls it: a subcircuit, or a compiled model where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compactmodels.card import ModelCard
from compactmodels.names import identifier, number
from netlists import osdi
from netlists.arrays.cells import held_card
from netlists.arrays.checks import CrossbarError
from netlists.subcircuit import subcircuit

FORMS: Final = ("auto", "portable", "resistor", "osdi", "subcircuit")
"""``auto``: resistors where that is exact, a compiled model where ngspice and a compiler allow it, else
the subcircuit; ``portable``: never a compiled model, so that the deck loads as it is."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device's definition and how an instance is written.

    Parameters
    ----------
    text : str
        What stands once in the deck.
    module : str
        Name of the subcircuit or model.
    letter : str
        What an instance's name begins with.
    states : tuple of str
        States that move, and so have a node.
    form : str
        ``subcircuit`` or ``osdi``.
    parameters : frozenset of str
        That an instance may set.
    library : pathlib.Path, optional
        That ngspice has to load.
    """

    text: str
    module: str
    letter: str
    states: tuple[str, ...]
    form: str
    parameters: frozenset[str]
    library: Path | None = None

    def instance(
        self,
        place: str,
        p: str,
        n: str,
        *,
        w: float,
        s: float,
        hold: bool,
        own: Mapping[str, float] | None = None,
        static: bool = True,
    ) -> str:
        """One device between two nodes; ``static``: the analysis needs no capacitance."""
        nodes = [self.state(place, name) for name in self.states] if self.library else []
        words = [f"{self.letter}{place}", p, n, *nodes, self.module]
        words += [f"w0={number(w)}", f"s0={number(s)}", f"hold={'1' if hold else '0'}"]
        values = {k: v for k, v in (own or {}).items() if k in self.parameters}
        if static:
            values["cap"] = 0.0
        return " ".join([*words, *(f"{k}={_short(v)}" for k, v in values.items())])

    def state(self, place: str, name: str) -> str:
        """Name of a state's node."""
        return f"{self.letter}{place}.{name}".lower()


def _short(value: float) -> str:
    return "0" if value == 0 else number(value)


def device(card: ModelCard, name: str, *, held: bool, form: str = "auto") -> Device:
    """The device of a card.

    Parameters
    ----------
    card : ModelCard
    name : str
        Of the subcircuit or model.
    held : bool
        Whether no instance's states move: the device is then written without what moves them.
    form : str
        One of :data:`FORMS`.

    Raises
    ------
    ToolMissing
        ``osdi`` was asked for and cannot be had.
    """
    if form not in FORMS:
        raise CrossbarError(f"form {form!r} of the cells: one of {', '.join(FORMS)} is expected")
    written = held_card(card) if held else card
    module = identifier(name, "subcircuit")
    allowed = frozenset(p.name for p in written.model.parameters)
    states = written.model.states
    wanted = "subcircuit" if form in ("resistor", "portable") else form
    library = osdi.chosen(written, wanted)
    if library is None:
        text = subcircuit(written, module, noise=False)
        return Device(text, module, "X", states, "subcircuit", allowed)
    text, model = _compiled(written, module)
    return Device(text, model, "N", states, "osdi", allowed, library)


def _compiled(card: ModelCard, module: str) -> tuple[str, str]:
    """The ``.model`` of a compiled device with the card's values, and its name.

    Instances without a subcircuit around each: that would cost ngspice more than the device does.
    """
    lines = osdi.model_lines(card, module).splitlines()
    head = [line for line in lines if line.startswith("*")]
    (model,) = [line for line in lines if line.startswith(".model ")]
    values = [f"+ {p.name}={number(card.values[p.name])}" for p in card.model.parameters]
    return "\n".join([*head, "", model, *values, ""]), model.split()[1]
