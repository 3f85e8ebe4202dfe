"""The text of an array: from its network to a deck that ngspice loads as it is.

Element lines are strung together here, templates/crossbar.cir.j2 holds the layout.  In a single array
node ``w<i>_<j>`` is where cell (i, j), counted from 1, meets its word line, ``b<i>_<j>`` its bit line;
a line without resistance is one node ``w<i>`` or ``b<j>``.  In a stack the names of plane p's nodes
begin with ``p<p>`` and those of layer k's cells carry ``l<k>_``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.constants import ZERO_CELSIUS
from compactmodels.names import comment, identifier, number
from compactmodels.templating import render
from netlists.arrays.cells import conductances, conducting
from netlists.arrays.checks import CrossbarError, FloatArray
from netlists.arrays.description import Crossbar, cell_currents
from netlists.arrays.devices import Device, device
from netlists.arrays.header import header
from netlists.arrays.network import Element, Network, Plane, build
from netlists.arrays.saves import saved
from netlists.arrays.selectors import MosModel, Selector, Transistor
from netlists.arrays.stack import Stack

# Newton's last step is far smaller than the tolerance it passed: 1e-9 leaves rounding alone.  The
# floors are relative to the largest voltage and current: a cell at 0 V has no relative accuracy.
_RELTOL: Final = 1e-9
_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Analysis:
    """What is asked of an array.

    Parameters
    ----------
    cards : sequence of str
        The analysis lines.
    save : collection of str
        What is kept, as :func:`netlists.arrays.saves.saved` names it; everything unless given.
    held : bool
        Whether every device keeps its states.
    static : bool
        Whether no capacitance matters.
    options : mapping of str to str, optional
        Of ngspice; Newton's tolerances of a read unless given.
    sources : mapping of str to str
        What a source applies where it is not its constant voltage, by its name.
    reference : mapping of str to str
        The node that a source stands on where that is not ground, by its name.
    extra : sequence of str
        Further elements.
    """

    cards: Sequence[str] = (".op",)
    save: Collection[str] = ()
    held: bool = True
    static: bool = True
    options: Mapping[str, str] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    extra: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Deck:
    """A deck and what is needed to find its results.

    Parameters
    ----------
    text : str
    network : Network
    devices, selectors : list of Device or None
        By layer; None where the cells are resistors, and have no selector's card.
    libraries : tuple of pathlib.Path
        Compiled models that ngspice has to load.
    """

    text: str
    network: Network
    devices: list[Device | None]
    selectors: list[Device | None]
    libraries: tuple[Path, ...] = ()

    @property
    def form(self) -> str:
        """In which form the cells stand: ``resistor``, ``osdi`` or ``subcircuit``, of every layer that differs."""
        return ", ".join(dict.fromkeys("resistor" if d is None else d.form for d in self.devices))


def layers_of(array: Crossbar | Stack) -> list[Crossbar]:
    """The arrays that an array or stack is made of."""
    return [array] if isinstance(array, Crossbar) else list(array.layers)


def write_deck(
    array: Crossbar | Stack, analysis: Analysis, *, klu: bool = False, form: str = "auto"
) -> Deck:
    """The array as a deck.

    Parameters
    ----------
    array : Crossbar or Stack
    analysis : Analysis
    klu : bool
        Whether to ask for the KLU solver, which ngspice 39 silently ignores.
    form : str
        How cells are written, one of :data:`netlists.arrays.devices.FORMS`.

    Raises
    ------
    CrossbarError
        An array that is not connected, or a form that the card does not have.
    NetlistError
        A card's name may not stand in a netlist.
    """
    network = build(array, held=analysis.held)
    layers = layers_of(array)
    devices, selectors = _devices(layers, analysis, form)
    sections: list[tuple[str, list[str]]] = []
    for p, plane in enumerate(network.planes):
        if plane.lines.kind == "word":
            sections += _word_sections(network, p, plane, analysis, devices, selectors)
    for plane in network.planes:
        if plane.lines.kind == "bit":
            sections += _bit_sections(network, plane, analysis)
    sections += _gates(network, analysis)
    if analysis.extra:
        sections.append(("driven together", list(analysis.extra)))
    used = [d for d in (*devices, *selectors) if d is not None and d.library is not None]
    libraries = dict.fromkeys(d.library for d in used if d.library is not None)
    first = layers[0]
    options = analysis.options or newton(layers)
    text = render(
        "netlists",
        "crossbar.cir.j2",
        title=_title(array),
        version=__version__,
        header=[comment(f"{a:<22}  {b}") for a, b in header(array, devices, analysis.static)],
        definitions=_texts(layers, [*devices, *selectors]),
        options=[f"{name}={value}" for name, value in options.items()],
        celsius=number(first.temperature - ZERO_CELSIUS),
        klu=klu,
        sections=sections,
        cards=[*saved(network, devices, selectors, analysis.save), *analysis.cards],
    )
    return Deck(text, network, devices, selectors, tuple(libraries))


def _title(array: Crossbar | Stack) -> str:
    layers = layers_of(array)
    module = identifier(layers[0].card.name, "subcircuit")
    size = f"{array.rows} word lines x {array.cols} bit lines"
    stacked = f", {len(layers)} layers" if isinstance(array, Stack) else ""
    return f"crossbar of {module}, {size}{stacked}"


# ------------------------------------------------------------------------------ the definitions


def _devices(
    layers: Sequence[Crossbar], analysis: Analysis, form: str
) -> tuple[list[Device | None], list[Device | None]]:
    """How each layer's cells are written, and its selectors; None where no card is needed."""
    known: dict[tuple[int, str], Device] = {}

    def of(card: ModelCard, name: str, held: bool, kind: str) -> Device:
        if (id(card), name) not in known:
            free = _free_name(name, [d.module for d in known.values()])
            known[id(card), name] = device(card, free, held=held, form=kind)
        return known[id(card), name]

    devices: list[Device | None] = []
    selectors: list[Device | None] = []
    for layer in layers:
        plain = _as_resistors(layer, analysis.held, form)
        devices.append(None if plain else of(layer.card, layer.card.name, analysis.held, form))
        selector = layer.selector
        if isinstance(selector, Selector):
            still = analysis.held and selector.hold
            # A compiled model's operating point keeps the states where they start.
            kind = "subcircuit" if analysis.held and not still else form
            selectors.append(of(selector.card, f"sel-{selector.card.name}", still, kind))
        else:
            selectors.append(None)
    return devices, selectors


def _texts(layers: Sequence[Crossbar], devices: Sequence[Device | None]) -> list[str]:
    """What stands once for each kind of device and of transistor."""
    texts = [d.text for d in devices if d is not None]
    for layer in layers:
        if isinstance(layer.selector, Transistor):
            assert isinstance(layer.selector.model, MosModel)
            texts.append(layer.selector.model.text)
    return list(dict.fromkeys(texts))


def _free_name(name: str, taken: Sequence[str]) -> str:
    """A module's name that no other card in the deck has."""
    module, count = identifier(name, "subcircuit"), 1
    while (f"{module}_{count}" if count > 1 else module) in taken:
        count += 1
    return f"{module}_{count}" if count > 1 else module


def _as_resistors(layer: Crossbar, held: bool, form: str) -> bool:
    linear = held and form in ("auto", "portable", "resistor") and conductances(layer) is not None
    if form == "resistor" and not linear:
        raise CrossbarError(
            f"card '{layer.card.name}' is no resistor here: a branch is not linear or its states move"
        )
    return linear


# --------------------------------------------------------------------------------- the elements


def _rows(network: Network, elements: Sequence[Element]) -> Iterator[str]:
    names = network.names
    text = {value: number(value) for value in {element[3] for element in elements}}
    return (f"{name} {names[a]} {names[b]} {text[value]}" for name, a, b, value in elements)


def _source(plane: Plane, line: int, network: Network, analysis: Analysis) -> list[str]:
    port = plane.ports[line]
    if port is None:
        return []
    name = plane.lines.source(line)
    value = analysis.sources.get(name, f"DC {number(plane.lines.volts[line])}")
    return [f"{name} {network.names[port]} {analysis.reference.get(name, '0')} {value}"]


def _word_sections(
    network: Network,
    p: int,
    plane: Plane,
    analysis: Analysis,
    devices: Sequence[Device | None],
    selectors: Sequence[Device | None],
) -> Iterator[tuple[str, list[str]]]:
    """By word line: source, segments, and the cells of the layers that lie on it."""
    layers = [k for k, (_, word, _) in enumerate(network.layers) if word == p]
    cells = [_Cells(network, k, analysis, devices[k], selectors[k]) for k in layers]
    where = f"plane {p + 1}, " if plane.lines.tag else ""
    for line in range(len(plane.nodes)):
        rows = _source(plane, line, network, analysis)
        rows += _rows(network, plane.wires[line])
        for layer in cells:
            rows += layer.row(line)
        yield f"{where}word line {line + 1}", rows
    rest = [*plane.bridges, *([] if analysis.static else plane.capacitors)]
    if rest:
        yield f"{where}between word lines, and their capacitance", list(_rows(network, rest))


def _bit_sections(
    network: Network, plane: Plane, analysis: Analysis
) -> Iterator[tuple[str, list[str]]]:
    where = f"{plane.lines.tag.replace('p', 'plane ')}, " if plane.lines.tag else ""
    for line in range(len(plane.nodes)):
        rows = [*_rows(network, plane.wires[line]), *_source(plane, line, network, analysis)]
        yield f"{where}bit line {line + 1}", rows
    rest = [*plane.bridges, *([] if analysis.static else plane.capacitors)]
    if rest:
        yield f"{where}between bit lines, and their capacitance", list(_rows(network, rest))


def _gates(network: Network, analysis: Analysis) -> Iterator[tuple[str, list[str]]]:
    for k, (layer, _, _) in enumerate(network.layers):
        if isinstance(layer.selector, Transistor):
            tag = network.cell_tag(k)
            rows = []
            for g, volts in enumerate(layer.selector.gates(layer.rows, layer.cols), 1):
                name = f"Vg{tag}{g}"
                value = analysis.sources.get(name, f"DC {number(volts)}")
                rows.append(f"{name} g{tag}{g} 0 {value}")
            yield "gate lines", rows


class _Cells:
    """The cells of one layer, written row by row."""

    def __init__(
        self,
        network: Network,
        layer: int,
        analysis: Analysis,
        own: Device | None,
        selector: Device | None,
    ) -> None:
        self.selector = selector
        found = network.layers[layer][0]
        if isinstance(found.selector, Selector):
            size = found.rows, found.cols
            self.selector_w, self.selector_s = (found.selector.starts(k, *size) for k in "ws")
        self.crossbar, self.analysis, self.device = network.layers[layer][0], analysis, own
        self.tag, self.names = network.cell_tag(layer), network.names
        self.word, self.bit = network.crossings(layer)
        self.conductance = conductances(self.crossbar) if own is None else None
        self.there = conducting(self.crossbar, held=own is None)
        self.w = self.crossbar.cell_states
        assert self.crossbar.faults is not None
        self.faults = self.crossbar.faults

    def row(self, i: int) -> Iterator[str]:
        """The lines of word line i's cells."""
        names, bare = self.names, self.crossbar.selector is None
        nodes = zip(self.word[i].tolist(), self.bit[i].tolist(), strict=True)
        for j, (there, (a, b)) in enumerate(zip(self.there[i].tolist(), nodes, strict=True)):
            if not there:
                continue
            place, p, n = f"{self.tag}{i + 1}_{j + 1}", names[a], names[b]
            if bare:
                yield self._device(place, i, j, p, n)
            else:
                yield self._device(place, i, j, p, f"m{place}")
                yield self._selected(place, i, j, n)

    def _device(self, place: str, i: int, j: int, p: str, n: str) -> str:
        if self.faults.shorted_cells[i, j]:
            return f"Rx{place} {p} {n} {number(self.faults.r_short)}"
        if self.device is None:
            assert self.conductance is not None
            return f"Rx{place} {p} {n} {number(1.0 / self.conductance[i, j])}"
        return self.device.instance(
            place,
            p,
            n,
            w=self.w[i, j],
            s=np.asarray(self.crossbar.s)[i, j],
            hold=self.analysis.held or bool(self.faults.stuck[i, j]),
            own={name: float(v[i, j]) for name, v in self.crossbar.parameters.items()},
            static=self.analysis.static,
        )

    def _selected(self, place: str, i: int, j: int, n: str) -> str:
        selector = self.crossbar.selector
        if isinstance(selector, Transistor):
            assert isinstance(selector.model, MosModel)
            line = (i if selector.along == "word" else j) + 1
            size = f"w={number(selector.width)} l={number(selector.length)}"
            return f"M{place} m{place} g{self.tag}{line} {n} 0 {selector.model.name} {size}"
        assert self.selector is not None and selector is not None
        return self.selector.instance(
            f"s{place}",
            f"m{place}",
            n,
            w=self.selector_w[i, j],
            s=self.selector_s[i, j],
            hold=selector.hold and self.analysis.held,
            static=self.analysis.static,
        )


# ---------------------------------------------------------------------------------- the options


def newton(layers: Sequence[Crossbar]) -> dict[str, str]:
    """Newton's tolerances for a read."""
    spans = [np.concatenate([c.voltages, np.ravel(c.bit_voltages)]) for c in layers]
    voltage = max(float(np.abs(span).max()) for span in spans) or 1.0
    current = max(largest_current(layer, voltage) for layer in layers)
    options = {"reltol": _RELTOL, "vntol": _FLOOR * voltage, "abstol": _FLOOR * current}
    return {name: number(value) for name, value in options.items()}


def largest_current(layer: Crossbar, voltage: float) -> float:
    """The largest current that a cell may carry [A]."""
    current = float(np.abs(cell_currents(layer)).max()) or 1.0
    line = _smallest(layer, "r_word") + _smallest(layer, "r_bit")
    return (
        min(current, 2 * voltage / line) if line else current
    )  # an exponential behind a resistance


def _smallest(layer: Crossbar, name: str) -> float:
    found: FloatArray = layer.per_line(name)
    return float(found.min())
