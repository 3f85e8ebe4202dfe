"""What a study varies: one array, its device's window and scatter, what reads or writes it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.model import Branch, Model
from netlists.array import Crossbar, Faults, Selector, conductance_states, draw_faults
from netlists.array import draw_states as _draw

PATTERNS: Final = ("uniform", "on", "off")
READS: Final = ("floating", "grounded", "v/2", "v/3")
"""What a passive array does with the lines that a read of one cell does not select."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One point of a study.

    Parameters
    ----------
    size : int
        Word lines, and as many bit lines.
    line_resistance : float
        Of a segment of every line [ohm].
    line_capacitance : float
        Of a segment of every line, to 0 V [F].
    voltage : float
        Of a read [V].
    write_voltage : float, optional
        Of a pulse that writes [V]; the smallest that moves a device half-way, where nothing is said.
    width : float
        Of a pulse [s].
    scheme : str
        Of the lines that are not selected, one of :data:`READS`; a write knows v/2 and v/3.
    cycles : int
        Writes of a disturb.
    pattern : str
        States: ``uniform`` in the window, all ``on``, or all ``off``.
    ratio : float, optional
        Highest over lowest conductance at the read voltage; the card's own where nothing is said.
    sigma : float
        Standard deviation of the logarithm of a device's conductance, from device to device.
    stuck_on, stuck_off, open_cells : float
        Shares of faulty cells.
    selector_v0 : float
        Of a selector I = g v0 sinh(V/v0) in series with every device [V]; 0 for none.
    layers : int
        Into which the cells are divided.
    limit : float
        Of the error that is allowed.
    temperature : float
        [K]
    seed : int
    """

    size: int = 64
    line_resistance: float = 1.0
    line_capacitance: float = 1e-15
    voltage: float = 0.1
    write_voltage: float | None = None
    width: float = 1e-6
    scheme: str = "v/2"
    cycles: int = 1
    pattern: str = "uniform"
    ratio: float | None = None
    sigma: float = 0.0
    stuck_on: float = 0.0
    stuck_off: float = 0.0
    open_cells: float = 0.0
    selector_v0: float = 0.0
    layers: int = 1
    limit: float = 0.05
    temperature: float = ROOM_TEMPERATURE
    seed: int = 0

    def changed(self, **changes: Any) -> Setting:
        """The same with other values; InputError for a name that no setting has."""
        known = {f.name for f in fields(self)}
        for name in changes:
            if name not in known:
                raise InputError(f"no study varies '{name}'; known are {', '.join(sorted(known))}")
        return replace(self, **changes)


def conductance(card: ModelCard, w: Any, setting: Setting) -> Any:
    """I/V of a device at the read voltage [S]."""
    v = setting.voltage
    current = card.model.current(
        np.asarray(v), card.values, w=w, s=0.0, temperature=setting.temperature
    )
    return np.asarray(current, dtype=np.float64) / v


def window(card: ModelCard, setting: Setting) -> tuple[float, float]:
    """Lowest and highest state of a setting: the card's 0 to 1, or the window of its ``ratio``.

    Raises
    ------
    InputError
        The card's own window is narrower, or its conductance falls with the state.
    """
    low, high = (float(conductance(card, w, setting)) for w in (0.0, 1.0))
    if not 0 < low < high:
        raise InputError(
            f"card '{card.name}' has {low:.4g} S at w = 0 and {high:.4g} S at w = 1, {setting.voltage:g} V: a "
            "study needs a conductance that rises with the state",
            code="no_window",
        )
    if setting.ratio is None:
        return 0.0, 1.0
    if not 1 < setting.ratio <= high / low * (1 + 1e-9):
        raise InputError(
            f"ratio {setting.ratio:g}: card '{card.name}' reaches {high / low:.4g} at {setting.voltage:g} V; a "
            "number above 1 and up to that is expected",
            code="no_window",
        )
    start = conductance_states(
        card,
        [[max(high / setting.ratio, low)]],
        setting.voltage,
        temperature=setting.temperature,
    )
    return float(start[0, 0]), 1.0


def array(card: ModelCard, setting: Setting, **changes: Any) -> Crossbar:
    """The array of a setting, read with its voltage on every word line."""
    n = setting.size
    low, high = window(card, setting)
    given: dict[str, Any] = {
        "rows": n,
        "cols": n,
        "card": card,
        "w": states(setting, low, high),
        "voltages": np.full(n, setting.voltage),
        "r_word": setting.line_resistance,
        "r_bit": setting.line_resistance,
        "temperature": setting.temperature,
        "seed": setting.seed,
        "faults": faults(setting),
        "selector": selector(card, setting),
        "parameters": scatter(card, setting),
    }
    return Crossbar(**(given | changes))


def states(setting: Setting, low: float, high: float) -> Any:
    """Of all cells, shape (size, size)."""
    n = setting.size
    if setting.pattern == "uniform":
        return _draw(n, n, setting.seed, low, high)
    if setting.pattern not in PATTERNS:
        raise InputError(f"pattern {setting.pattern!r}: one of {', '.join(PATTERNS)} is expected")
    return np.full((n, n), high if setting.pattern == "on" else low)


def faults(setting: Setting) -> Faults | None:
    """Drawn by the seed; None without any."""
    shares = {k: getattr(setting, k) for k in ("stuck_on", "stuck_off", "open_cells")}
    if not any(shares.values()):
        return None
    return draw_faults(setting.size, setting.size, setting.seed, **shares)


def scatter(card: ModelCard, setting: Setting) -> dict[str, Any]:
    """``scale`` of every device, log-normal with the card's as its mean; none without scatter."""
    if setting.sigma < 0:
        raise InputError(f"sigma is {setting.sigma:g}: 0 or more is expected")
    if not setting.sigma:
        return {}
    n = setting.size
    # A stream of its own: the same states with any scatter.
    chance = np.random.default_rng([setting.seed, 1])
    drawn = setting.sigma * chance.standard_normal((n, n)) - 0.5 * setting.sigma**2
    return {"scale": card.values["scale"] * np.exp(drawn)}


STRONGER: Final = 10.0
"""Times the on state's current at the read voltage: what a selector carries there."""


def selector(card: ModelCard, setting: Setting) -> Selector | None:
    """A selector of the registered sinh law that carries ten times the on state's current when read."""
    if not setting.selector_v0:
        return None
    if setting.selector_v0 < 0:
        raise InputError(f"selector_v0 is {setting.selector_v0:g} V: 0 or more is expected")
    model = Model((Branch("b", registry.conduction("sinh"), "constant"),))
    plain = ModelCard("selector", model, {}).with_values(
        {"b_v0": setting.selector_v0, "gmin": 0.0, "cap": 0.0}, "assumed"
    )
    wanted = STRONGER * float(conductance(card, 1.0, setting))
    factor = wanted / float(conductance(plain, 1.0, setting))
    return Selector(card=plain.with_values({"b_g": plain.values["b_g"] * factor}, "assumed"))
