"""Model cards: a device's parameter set, with where each number comes from.

A card is a TOML file (not SPICE's ``.model`` line).  It is data: nothing on it is ever evaluated.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from compactmodels import registry
from compactmodels.errors import CardError, ParameterError
from compactmodels.files import is_there, write_text
from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.statistics import Distribution, Statistics
from compactmodels.synapse import Synapse, synapse_of

SCHEMA: Final = 1
ORIGINS: Final = ("published", "calibrated", "assumed", "fitted", "default")
"""Where a value comes from; 'default' is the part's own, not given on the card."""
OPERATION: Final = (
    "v_read",
    "v_set",
    "v_reset",
    "v_base",
    "sweep_rate",
    "pulse_amplitude",
    "pulse_width",
    "pulse_gap",
    "dc_min",
    "dc_max",
)
"""Conditions of the device's own protocols, in V, V/s and s."""
NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a card.

    Parameters
    ----------
    value : float
        In the parameter's declared unit.
    origin : str
        One of :data:`ORIGINS`.
    note : str
        Where it was published, what it was calibrated to, why it was assumed.
    stderr : float or None
        Standard error of a fitted value.
    interval : (float, float) or None
        95 % interval of a fitted value.
    """

    value: float
    origin: str = "default"
    note: str = ""
    stderr: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model with a value for each of its parameters.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, '_' and '-'; the emitted module is called so ('-' as '_').
    model : Model
    entries : mapping of str to Entry
        One for every parameter of the model.
    title, citation : str
    correlations : mapping
        ``"a, b"`` -> correlation of two fitted parameters.
    operation : mapping
        Voltages [V] and times [s] of the device's own protocols (``v_read``, ``v_set``, ...).
    provenance : mapping
        Everything else that is known: electrodes, data's hash, statistics, versions.
    statistics : Statistics or None
        How parameters scatter from cycle to cycle and from device to device.
    synapse : Synapse or None
        Law, window and noise of its pulses, where they were measured.
    """

    name: str
    model: Model
    entries: Mapping[str, Entry]
    title: str = ""
    citation: str = ""
    correlations: Mapping[str, float] = field(default_factory=dict)
    operation: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    statistics: Statistics | None = None
    synapse: Synapse | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise CardError(
                f"card name {self.name[:60]!r} is not lower-case letters, digits, '_' and '-' "
                f"beginning with a letter, {LONGEST_NAME} at most"
            )
        declared = {p.name: p for p in self.model.parameters}
        unknown = [n for n in self.entries if n not in declared]
        if unknown:
            raise CardError(_unknown_parameter(self.name, unknown[0], declared))
        scattered = [n for n in getattr(self.statistics, "parameters", ()) if n not in declared]
        if scattered:
            sentence = _unknown_parameter(self.name, scattered[0], declared)
            raise CardError(sentence.replace("unknown", "statistics of an unknown", 1))
        strange = [key for key in self.operation if key not in OPERATION]
        if strange:
            near = difflib.get_close_matches(strange[0], OPERATION, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(OPERATION)}"
            raise CardError(f"card '{self.name}': unknown operation '{strange[0]}'; {hint}")
        entries = {}
        for name, parameter in declared.items():
            entry = self.entries.get(name, Entry(parameter.default, note="the part's default"))
            if entry.origin not in ORIGINS:
                raise CardError(
                    f"card '{self.name}', parameter '{name}': origin '{entry.origin}' is none of "
                    f"{', '.join(ORIGINS)}"
                )
            try:
                entries[name] = replace(entry, value=parameter.check(entry.value))
            except ParameterError as error:
                raise ParameterError(f"card '{self.name}': {error.message}") from None
        object.__setattr__(self, "entries", entries)

    @property
    def values(self) -> dict[str, float]:
        """Every parameter's value in its declared unit."""
        return {name: entry.value for name, entry in self.entries.items()}

    @property
    def fitted_range(self) -> tuple[float, float] | None:
        """Voltages [V] that every fit behind the card covers; None if none is known."""
        sources = [self.provenance, *self.provenance.values()]
        fits = [s.get("statistics", {}) for s in sources if isinstance(s, Mapping)]
        spans = [(f["v_min"], f["v_max"]) for f in fits if "v_min" in f and "v_max" in f]
        if not spans:
            return None
        return max(low for low, _ in spans), min(high for _, high in spans)

    def parameter(self, name: str) -> Parameter:
        """The declaration of a parameter; CardError with a suggestion if there is none."""
        declared = {p.name: p for p in self.model.parameters}
        if name not in declared:
            raise CardError(_unknown_parameter(self.name, name, declared))
        return declared[name]

    def with_values(self, values: Mapping[str, float], origin: str, note: str = "") -> ModelCard:
        """A card in which ``values`` replace the present ones."""
        for name in values:
            self.parameter(name)
        changed = {n: Entry(v, origin, note) for n, v in values.items()}
        return replace(self, entries={**self.entries, **changed})

    def to_toml(self) -> str:
        """The card as TOML; numbers round-trip exactly."""
        import tomli_w

        return tomli_w.dumps(_document(self))

    def save(self, path: Path) -> Path:
        """Write the card (beside, then renamed)."""
        return write_text(Path(path), self.to_toml())


def _unknown_parameter(card: str, name: str, declared: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, declared, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(declared)}"
    return f"card '{card}': unknown parameter '{name}'; {hint}"


def _document(card: ModelCard) -> dict[str, Any]:
    structure: dict[str, Any] = {
        "branches": [
            {"name": b.name, "mechanism": b.mechanism.name, "mix": b.mix, "series": b.series}
            for b in card.model.branches
        ]
    }
    if card.model.switching is not None:
        structure["switching"] = card.model.switching.name
    if card.model.relaxation is not None:
        structure["relaxation"] = card.model.relaxation.name
    values: dict[str, Any] = {}
    for parameter in card.model.parameters:
        entry = card.entries[parameter.name]
        row: dict[str, Any] = {"value": entry.value, "unit": parameter.unit, "origin": entry.origin}
        if entry.stderr is not None and math.isfinite(entry.stderr):
            row["stderr"] = entry.stderr
        if entry.interval is not None and all(map(math.isfinite, entry.interval)):
            row["interval"] = list(entry.interval)
        if entry.note:
            row["note"] = entry.note
        values[parameter.name] = row
    document: dict[str, Any] = {"schema": SCHEMA, "name": card.name, "title": card.title}
    document |= {"citation": card.citation, "structure": structure, "values": values}
    for key in ("correlations", "operation", "provenance"):
        if getattr(card, key):
            document[key] = dict(getattr(card, key))
    if card.statistics is not None:
        document["statistics"] = card.statistics.document()
    if card.synapse is not None:
        document["synapse"] = card.synapse.document()
    return document


def library() -> list[str]:
    """Names of the library's cards."""
    folder = resources.files("compactmodels") / "library"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_card(source: str | Path) -> ModelCard:
    """Load a card by library name or path.

    Parameters
    ----------
    source : str or Path
        A name out of :func:`library`, or the path of a ``.toml`` file.

    Raises
    ------
    CardError
        No such card, not TOML, not a card, of a newer schema, an unknown part or parameter.
    ParameterError
        A value that is not finite, outside its bounds or in another unit than declared.
    """
    text_name = str(source)
    if text_name in library():
        text = (resources.files("compactmodels") / "library" / f"{text_name}.toml").read_text(
            "utf-8"
        )
        return parse_card(text, f"library card '{text_name}'")
    path = Path(source)
    if not is_there(path):
        near = difflib.get_close_matches(text_name, library(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise CardError(
            f"no card '{text_name}': it is neither a file nor one of the library's "
            f"({', '.join(library())}){hint}",
            code="unknown_card",
        )
    try:
        return parse_card(path.read_text("utf-8-sig"), f"card '{path}'")
    except UnicodeDecodeError:
        raise CardError(
            f"card '{path}' is no text file: a TOML file in UTF-8 is expected"
        ) from None
    except OSError as error:
        raise CardError(f"card '{path}' cannot be read: {error.strerror or error}") from None


def parse_card(text: str, where: str) -> ModelCard:
    """A card from its TOML text; ``where`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, an endless number, endless nesting
        raise CardError(f"{where} is not TOML: {error}") from None
    schema = document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise CardError(
            f"{where} has schema {schema}, this version of compactmodels reads up to {SCHEMA}: "
            "upgrade compactmodels",
            code="newer_schema",
        )
    from compactmodels.card_schema import validated

    data = validated(document, where)
    return _assemble(data, where)


def _assemble(data: Any, where: str) -> ModelCard:
    structure = data.structure
    try:
        model = Model(
            tuple(
                Branch(b.name, registry.conduction(b.mechanism), b.mix, b.series)
                for b in structure.branches
            ),
            registry.switching(structure.switching) if structure.switching else None,
            registry.relaxation(structure.relaxation) if structure.relaxation else None,
        )
    except ValueError as error:
        raise CardError(f"{where}: {error}", code=getattr(error, "code", None)) from None
    declared = {p.name: p for p in model.parameters}
    for name, row in data.values.items():
        if name in declared and row.unit != declared[name].unit:
            raise ParameterError(
                f"{where}, parameter '{name}': unit '{row.unit}' found, '{declared[name].unit}' expected",
                code="wrong_unit",
            )
    entries = {
        name: Entry(row.value, row.origin, row.note, row.stderr, row.interval)
        for name, row in data.values.items()
    }
    return ModelCard(
        data.name,
        model,
        entries,
        data.title,
        data.citation,
        data.correlations,
        data.operation,
        data.provenance,
        _statistics(data.statistics, where),
        _synapse(data.synapse, where),
    )


def _synapse(data: Any, where: str) -> Synapse | None:
    if data is None:
        return None
    try:
        return synapse_of(data.model_dump(exclude_none=True))
    except CardError as error:
        raise CardError(f"{where}: {error.message}", code=error.code) from None


def _statistics(data: Any, where: str) -> Statistics | None:
    if data is None:
        return None
    try:
        rows = {n: Distribution(**row.model_dump()) for n, row in data.parameters.items()}
        return Statistics(data.of, data.count, rows, data.correlations, data.devices, data.note)
    except CardError as error:
        raise CardError(f"{where}: {error.message}", code=error.code) from None
