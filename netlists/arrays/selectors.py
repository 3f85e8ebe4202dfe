"""What stands in series with a cell: a transistor (1T1R) or a threshold selector (1S1R).

Either lies between the device and the bit line, so that a cell reads: word line, device, node
``m``, selector, bit line.  A self-rectifying cell needs none: its card is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.model import Branch, Model
from compactmodels.names import identifier
from netlists.arrays.checks import CrossbarError, FloatArray, scalar, spread, states

ALONG: Final = ("word", "bit")

LEVEL_1: Final = ".model nmos_level1 nmos level=1 vto=0.5 kp=200e-6 gamma=0 lambda=0.02 is=1e-18"
"""Assumed, for want of a process: a square-law transistor without body effect and next to no leakage."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?:[a-z]{0,10})")
_VERSION = re.compile(r"\d+(?:\.\d+){1,3}")
_PAIR = re.compile(r"([a-z][a-z0-9_]*)\s*=\s*([^\s=]+)")


@dataclass(frozen=True, slots=True)
class MosModel:
    """A ``.model`` line of a transistor, taken apart and put together again.

    Parameters
    ----------
    name : str
    kind : str
        ``nmos`` or ``pmos``.
    values : tuple of (str, str)
        Parameters as they were written; each is a number.
    """

    name: str
    kind: str
    values: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The line for a deck."""
        return " ".join([f".model {self.name} {self.kind}", *(f"{k}={v}" for k, v in self.values)])


def mos_model(text: str) -> MosModel:
    """The one MOS ``.model`` in a text, validated.

    Parameters
    ----------
    text : str
        A ``.model NAME nmos|pmos (key=number ...)`` with ``+`` lines and ``*`` comments.

    Returns
    -------
    MosModel

    Raises
    ------
    CrossbarError
        Anything else: another directive, several models, a value that is no number.
    """
    lines = [line.split("$")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("*")]
    whole = " ".join([line[1:] if line.startswith("+") else line for line in lines]).lower()
    strange = [k for k, line in enumerate(lines) if not line.startswith("+")]
    if strange != [0] or not whole.startswith(".model"):
        raise CrossbarError(
            "transistor: one '.model NAME nmos|pmos (...)' with its '+' lines is expected, found "
            f"{(lines[strange[1]] if len(strange) > 1 else whole)[:60]!r}"
        )
    found = re.fullmatch(r"\.model\s+(\S+)\s+(nmos|pmos)\b[\s(]*([^()]*)\)?\s*", whole)
    if found is None:
        raise CrossbarError(
            f"transistor: {whole[:60]!r} is no '.model NAME nmos|pmos (key=number ...)'; a transistor "
            "that is a subcircuit is not supported"
        )
    rest = found[3].replace(",", " ")
    left = _PAIR.sub(" ", rest).strip()
    if left:
        raise CrossbarError(f"transistor: {left[:60]!r} in the .model is no 'key=number'")
    values = tuple((key, value) for key, value in _PAIR.findall(rest))
    for key, value in values:
        if not (_NUMBER.fullmatch(value) or (key == "version" and _VERSION.fullmatch(value))):
            raise CrossbarError(f"transistor: {key}={value[:60]!r}: a number is expected")
    return MosModel(identifier(found[1], "transistor model"), found[2], values)


def read_mos_model(path: Path) -> MosModel:
    """The same from a file."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text file"
        raise InputError(f"transistor model '{path}' cannot be read: {reason}") from None
    return mos_model(text)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Transistor:
    """A transistor in every cell: drain at the device, source and gate line as wired, bulk at 0 V.

    Gate lines have no resistance; they run along the word lines (one for each row) or along the bit
    lines.

    Parameters
    ----------
    gate : float or array_like, shape (lines,)
        Voltage of the gate lines [V].
    along : str
        ``word`` or ``bit``: what the gate lines run along.
    model : MosModel or str
        Or the text of a ``.model``; :data:`LEVEL_1` unless given.
    width, length : float
        Of the channel [m].
    """

    gate: FloatArray | float
    along: str = "word"
    model: MosModel | str = LEVEL_1
    width: float = 1e-6
    length: float = 1e-6

    def __post_init__(self) -> None:
        if self.along not in ALONG:
            raise CrossbarError(f"gate lines run along {self.along!r}: word or bit is expected")
        model = mos_model(self.model) if isinstance(self.model, str) else self.model
        if not isinstance(model, MosModel):
            raise CrossbarError(f"transistor: model is a {type(model).__name__}: a .model's text")
        object.__setattr__(self, "model", model)
        gate = np.array(self.gate, dtype=float) if np.ndim(self.gate) else scalar(self.gate, "gate")
        object.__setattr__(self, "gate", gate)
        for name in ("width", "length"):
            found = scalar(getattr(self, name), name)
            if not 0 < found < 1:
                raise CrossbarError(f"transistor: {name} is {found:g} m: above 0 is expected")
            object.__setattr__(self, name, found)

    def gates(self, rows: int, cols: int) -> FloatArray:
        """Voltage of each gate line [V]."""
        return spread(self.gate, "gate", (rows if self.along == "word" else cols,))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Selector:
    """A two-terminal selector in every cell, p at the device and n at the bit line.

    Parameters
    ----------
    card : ModelCard
        Any card; :func:`threshold_selector` makes one.
    w, s : float or array_like, shape (rows, cols)
        Where its states start, in [0, 1].
    hold : bool
        Whether a read pins them there. By default a read lets a selector find its equilibrium, as
        it has long done when a current is measured; started at 0 it is the one on the way up.
    """

    card: ModelCard
    w: FloatArray | float = 0.0
    s: FloatArray | float = 0.0
    hold: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.card, ModelCard):
            raise CrossbarError(
                f"selector is a {type(self.card).__name__}: a ModelCard is expected"
            )
        for name in ("w", "s"):
            found = np.asarray(getattr(self, name))
            object.__setattr__(self, name, states(found, f"selector {name}", found.shape))

    def starts(self, name: str, rows: int, cols: int) -> FloatArray:
        """Where a state starts in every cell, shape (rows, cols)."""
        return spread(getattr(self, name), f"selector {name}", (rows, cols))


def threshold_selector(
    *,
    g_on: float = 1e-3,
    decades: float = 5.0,
    v_threshold: float = 0.5,
    v_hold: float = 0.2,
    width: float = 0.02,
    rate: float = 1e9,
    tau: float = 1e-7,
    name: str = "selector",
) -> ModelCard:
    """A volatile threshold selector, the same in both directions, of the registered parts.

    Its one state x moves the conductance exponentially from ``g_on`` 10^-decades (x = 0) to
    ``g_on`` (x = 1); it is excited beyond a threshold that falls from ``v_threshold`` (x = 0) to
    ``v_hold`` (x = 1) and relaxes with ``tau`` (:mod:`compactmodels.switching.threshold_selector`).

    Parameters
    ----------
    g_on : float
        [S].
    decades : float
        Of conductance between off and on.
    v_threshold, v_hold : float
        [V].
    width : float
        Of the thresholds [V].
    rate : float
        Of being excited, per ``width`` of overdrive [1/s].
    tau : float
        Of the relaxation [s].
    name : str
        Of the card.
    """
    branch = Branch("sel", registry.conduction("ohmic"), "exponential")
    model = Model((branch,), registry.switching("threshold_selector"))
    values = {"sel_g": g_on, "sel_span": decades, "sw_v_t": v_threshold, "sw_v_h": v_hold}
    values |= {"sw_u_t": width, "sw_k_t": rate, "sw_tau_w": tau, "gmin": 0.0, "cap": 0.0}
    card = ModelCard(name, model, {}, title="Volatile threshold selector")
    return card.with_values(values, "assumed")


def described(selector: Any) -> list[tuple[str, str]]:
    """What a deck's header says about a selector: (what, value)."""
    if isinstance(selector, Transistor):
        model = selector.model
        assert isinstance(model, MosModel)
        size = f"W {selector.width:g} m, L {selector.length:g} m"
        return [
            (
                "selector",
                f"1T1R, {model.kind} '{model.name}', {size}, gates along {selector.along} lines",
            )
        ]
    if isinstance(selector, Selector):
        held = "held" if selector.hold else "free to move"
        return [("selector", f"1S1R, card '{selector.card.name}', its states {held}")]
    return [("selector", "none")]
