r"""Small-signal noise: the spectral density that a branch's current fluctuates with.

Where carriers cross a barrier one by one the noise is shot noise of the forward and the backward
current, :math:`S = 2 q I \coth(q V / 2 k T)`; where the bulk limits them it is the thermal noise of
the chord conductance, :math:`S = 4 k T I / V`.  Both are :math:`4 k T G` at V = 0.

A. van der Ziel, Noise in Solid State Devices and Circuits (1986); shot noise of a tunnel junction:
Dahm, Denenstein, Langenberg, Parker, Rogovin & Scalapino, Phys. Rev. Lett. 22, 1416 (1969),
doi:10.1103/PhysRevLett.22.1416.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import functions as f
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, ROOM_TEMPERATURE
from compactmodels.dual import Dual

if TYPE_CHECKING:
    from compactmodels.model import Branch, Model

FloatArray = NDArray[np.float64]

KINDS: Final = {
    "shot": "2 q I coth(q V / 2 k T): carriers cross a barrier one by one",
    "thermal": "4 k T I / V: the bulk limits the current",
}
"""Kinds of noise that a conduction mechanism may have."""
SMALLEST_BIAS: Final = 1e-6
"""V: nearer to 0 the density is that at this bias, where I/V is the slope at 0 to 1e-5."""


def bias_of(v: Any) -> Any:
    """The voltage at which the density is to be evaluated: ``v``, kept away from 0."""
    return f.where(f.absolute(v) < SMALLEST_BIAS, SMALLEST_BIAS, v)


def density(kind: str, current: Any, v: Any, temperature: Any) -> Any:
    """Spectral density of a branch's current.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    current : array_like
        Current at ``v`` [A].
    v : array_like
        Junction voltage [V], not 0: :func:`bias_of`.
    temperature : array_like
        [K].

    Returns
    -------
    array_like
        [A^2/Hz], one-sided.
    """
    if kind == "thermal":
        return 4.0 * BOLTZMANN * temperature * (current / v)
    # coth(x) = 1/tanh(x); tanh saturates, so nothing overflows.
    x = ELEMENTARY_CHARGE / (2.0 * BOLTZMANN) * (v / temperature)
    return 2.0 * ELEMENTARY_CHARGE * (current / f.tanh(x))


def branch_density(
    kind: str,
    current: Any,
    slope: Any,
    v: Any,
    temperature: Any,
    *,
    weight: Any = 1.0,
    carried: Any = 1.0,
    r_s: Any = None,
) -> Any:
    """Spectral density of what a branch sends through the terminals.

    A series resistance divides the junction's noise and adds its own (:func:`behind_resistance`).
    The junction has no capacitance, so this holds at every frequency.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    current : array_like
        At unit weight and junction voltage ``v`` [A].
    slope : array_like
        Its derivative there [S].
    v : array_like
        Junction voltage [V]; nearer to 0 than :data:`SMALLEST_BIAS` the slope is what counts.
    temperature : array_like
        [K].
    weight : array_like
        Share of the branch.
    carried : array_like
        Share of the current that the series resistance carries: the weight where that acts inside
        the resistance (an exponential one), else 1.
    r_s : array_like, optional
        Series resistance [ohm].

    Returns
    -------
    array_like
        [A^2/Hz], one-sided; also a SymPy expression, given SymPy arguments.
    """
    bias = f.let("noise_bias", bias_of(v))
    near = f.absolute(v) < SMALLEST_BIAS
    there = f.let("noise_current", f.where(near, SMALLEST_BIAS * slope, current))
    own = density(kind, there, bias, temperature)
    if r_s is not None:
        own = behind_resistance(f.let("noise_junction", own), slope, r_s, carried, temperature)
    return weight * own


def resistor_density(resistance: Any, temperature: Any) -> Any:
    """Spectral density [V^2/Hz] of the voltage over a resistance [ohm] at ``temperature`` [K]."""
    return 4.0 * BOLTZMANN * temperature * resistance


def behind_resistance(own: Any, slope: Any, r_s: Any, carried: Any, temperature: Any) -> Any:
    """Density of a junction's current and its series resistance's, per unit of what that carries.

    ``(S_j + 4 k T R_s g^2)/(1 + R_s g)^2`` with the junction's slope g.

    Parameters
    ----------
    own : array_like
        Density of the junction's current at unit weight [A^2/Hz].
    slope : array_like
        Of that current by the junction voltage [S].
    r_s : array_like
        Series resistance [ohm].
    carried : array_like
        Share of the current that the resistance carries: the weight of an exponential branch, else 1.
    temperature : array_like
        [K].
    """
    through = carried * slope
    drop = resistor_density(r_s, temperature)
    return (own + drop * through * through / carried) / (1.0 + r_s * through) ** 2


def device_density(
    model: Model,
    v: Any,
    values: Mapping[str, Any],
    *,
    w: Any = 0.0,
    s: Any = 0.0,
    temperature: Any = ROOM_TEMPERATURE,
) -> FloatArray:
    """Spectral density of a device's short-circuit current at held states.

    The sum of the branches' (:func:`branch_density`) and of gmin's.  Weights and ``scale`` stand for
    area, so densities grow with them.

    Parameters
    ----------
    model : Model
    v : array_like, shape (n,)
        Terminal voltage [V].
    values : mapping
        Every parameter in its declared unit.
    w, s : array_like
        States in [0, 1].
    temperature : array_like
        [K].

    Returns
    -------
    array, shape (n,)
        [A^2/Hz], one-sided.

    Examples
    --------
    At 0 V a device has the thermal noise of its conductance:

    >>> from compactmodels import load_card
    >>> card = load_card("hp")
    >>> float(device_density(card.model, 0.0, card.values, w=1.0)) * 1e22
    1.6576
    """
    si = model.si(values)
    v = np.asarray(v, dtype=float)
    total = resistor_density(si[""]["gmin"], temperature)
    for branch in model.branches:
        total = total + _branch_density(branch, v, w, s, temperature, si[branch.name])
    return np.asarray(si[""]["scale"] * total, dtype=float)


def _branch_density(
    branch: Branch, v: Any, w: Any, s: Any, temperature: Any, si: Mapping[str, Any]
) -> Any:
    weight = branch.weight(w, s, si)
    carried = weight if branch.exponential else 1.0
    vj = np.asarray(branch.junction(v, temperature, si, carried), dtype=float)
    current = branch.junction_current(Dual(vj, np.ones((1, *vj.shape))), temperature, si)
    return branch_density(
        branch.mechanism.noise,
        current.value,
        current.partials[0],
        vj,
        temperature,
        weight=weight,
        carried=carried,
        r_s=si["r_s"] if branch.series else None,
    )
