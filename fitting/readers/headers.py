"""What a column's heading says: the quantity, its unit and the factor to SI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PREFIXES: Final[dict[str, float]] = {
    "": 1.0,
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "\N{MICRO SIGN}": 1e-6,
    "\N{GREEK SMALL LETTER MU}": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
}
_BASES: Final[dict[str, tuple[str, str]]] = {
    "V": ("voltage", "V"),
    "A": ("current", "A"),
    "s": ("time", "s"),
    "S": ("signal", "S"),
    "ohm": ("resistance", "ohm"),
    "Ohm": ("resistance", "ohm"),
    "\N{OHM SIGN}": ("resistance", "ohm"),
    "\N{GREEK CAPITAL LETTER OMEGA}": ("resistance", "ohm"),
    "K": ("temperature", "K"),
}
_WORDS: Final[dict[str, tuple[str, str, float]]] = {
    "volt": ("voltage", "V", 1.0),
    "volts": ("voltage", "V", 1.0),
    "amp": ("current", "A", 1.0),
    "amps": ("current", "A", 1.0),
    "ampere": ("current", "A", 1.0),
    "amperes": ("current", "A", 1.0),
    "sec": ("time", "s", 1.0),
    "second": ("time", "s", 1.0),
    "seconds": ("time", "s", 1.0),
    "min": ("time", "s", 60.0),
    "h": ("time", "s", 3600.0),
    "\N{DEGREE SIGN}c": ("temperature", "degC", 1.0),
    "\N{MASCULINE ORDINAL INDICATOR}c": ("temperature", "degC", 1.0),
    "\N{DEGREE CELSIUS}": ("temperature", "degC", 1.0),
    "degc": ("temperature", "degC", 1.0),
    "celsius": ("temperature", "degC", 1.0),
    "siemens": ("signal", "S", 1.0),
    "a.u.": ("signal", "1", 1.0),
    "arb. u.": ("signal", "1", 1.0),
    "%": ("signal", "1", 0.01),
}
_NAMES: Final[tuple[tuple[str, str], ...]] = (
    (r"abs(olute)?( value of)?[ .(]*(i\w{0,4}|current)\)?", "abs_current"),
    (r"\|\s*(i\w*|current)\s*\|", "abs_current"),
    (r"t|time|zeit|elapsed( time)?|time ?stamp|(rel|abs)\w*\.? time", "time"),
    (r"[abcdgs]?[vu]\d?|[vu]_\w{1,8}|[vu](d|ds|g|gs|s|b|dut|meas|m|in|out|appl)", "voltage"),
    (r"volts?|spannung|bias|(\w+ )*(voltage|volts?|bias|spannung)( \w+)*", "voltage"),
    (r"[abcdgs]?i\d?|i_\w{1,8}|i(d|ds|s|dut|meas|m|out|dd)", "current"),
    (r"(sourced?|measured?|meas) i|(\w+ )*(current|curr|strom)( \w+)*", "current"),
    (r"g|y|conductance|signal|response|weight|epsc|psc|leitwert|(\w+ )*conductance", "signal"),
    (r"r|resistance|widerstand|(\w+ )*resistance", "resistance"),
    (r"temp|temperature|temperatur", "temperature"),
)
_BESIDE: Final = re.compile(
    r"\b(std|std ?dev|sigma|err|error|deviation|uncertainty|noise|limit|compliance|range)\b"
)
"""Words of a column that stands beside a quantity: `Current std (A)` is no current."""
_BRACKETED: Final = re.compile(r"^(?P<name>.*?)\s*[\[({]\s*(?P<unit>[^\[\](){}]*?)\s*[\])}]\s*$")
_SLASHED: Final = re.compile(r"^(?P<name>.+?)\s*(?:/|\bin\b|,)\s*(?P<unit>\S+)\s*$")
_UNDERSCORED: Final = re.compile(r"^(?P<name>.+?)[_ ](?P<unit>[fpnumkMG\N{MICRO SIGN}]?[VAsS])$")


@dataclass(frozen=True, slots=True)
class Heading:
    """One column's heading, understood.

    Parameters
    ----------
    text : str
        As written.
    quantity : str or None
        ``voltage current abs_current time signal resistance temperature``; None if unknown.
    unit : str or None
        The SI unit of the values once multiplied by ``factor``, or ``degC``; None where none was
        written.
    factor : float
    """

    text: str
    quantity: str | None
    unit: str | None
    factor: float = 1.0

    @property
    def name(self) -> str:
        """The text without its unit."""
        for pattern in (_BRACKETED, _SLASHED):
            match = pattern.match(self.text)
            if match and parse_unit(match["unit"]) is not None:
                return match["name"].strip()
        return self.text


def parse_unit(text: str) -> tuple[str, str, float] | None:
    """(quantity, SI unit, factor) of ``uA``, ``mV``, ``ms``, ``second`` ...; None if it is none.

    >>> parse_unit("uA")
    ('current', 'A', 1e-06)
    """
    text = text.strip().strip("[](){}\"'").strip()
    if text in _WORDS or text.lower() in _WORDS:
        return _WORDS.get(text) or _WORDS[text.lower()]
    for base, (quantity, unit) in _BASES.items():
        prefix = text[: -len(base)]
        if text.endswith(base) and prefix in PREFIXES:
            return quantity, unit, PREFIXES[prefix]
    return None


def _named(name: str) -> str | None:
    name = name.strip().strip("#\"'").strip().lower().replace("_", " ").replace("-", " ")
    if _BESIDE.search(name):
        return None
    for pattern, quantity in _NAMES:
        if re.fullmatch(pattern, name) or re.fullmatch(pattern, name.replace(" ", "_")):
            return quantity
    return None


def parse_heading(text: str) -> Heading:
    """The quantity, unit and factor of a heading such as ``Voltage (V)``, ``I[uA]``, ``U / mV``.

    A bracket that holds no unit belongs to the name; a name that is not known takes its quantity
    from the unit.
    """
    clean = text.strip().strip("\"'").strip()
    for pattern in (_BRACKETED, _SLASHED, _UNDERSCORED):
        match = pattern.match(clean)
        unit = parse_unit(match["unit"]) if match else None
        if match is None or unit is None:
            continue
        named = _named(match["name"])
        if pattern is _UNDERSCORED and named not in (None, unit[0]):
            continue  # `V_S` and `I_s` are a source's, no voltage in siemens
        if named == "current" and unit[1] == "S":
            named = "signal"
        if named in ("time", "temperature") and unit[1] in ("K", "degC", "s"):
            named = unit[0]  # `T (K)` is a temperature, `T (s)` a time
        return Heading(clean, named or _by_unit(match["name"], unit[0]), unit[1], unit[2])
    return Heading(clean, _named(clean), None)


def _by_unit(name: str, quantity: str) -> str | None:
    """A column with an unknown name and a telling unit: `Probe (A)` is a current, `sd (A)` is not."""
    spread = re.search(r"err|std|dev|sigma|noise|limit|compl|range|step|set|prog", name.lower())
    return None if spread else quantity
