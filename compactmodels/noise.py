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


def resistor_density(resistance: Any, temperature: Any) -> Any:
    """Spectral density [V^2/Hz] of the voltage over a resistance [ohm] at ``temperature`` [K]."""
    return 4.0 * BOLTZMANN * temperature * resistance


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

    A branch's series resistance divides the junction's noise and adds its own:
    ``(S_j + 4 k T R_s g^2)/(1 + R_s g)^2`` with the junction's slope g.  Weights and ``scale`` stand
    for area, so densities grow with them.

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
    vj = bias_of(branch.junction(v, temperature, si, carried))
    seed = Dual(vj, np.ones((1, *np.shape(vj))))
    current = branch.junction_current(seed, temperature, si)
    own = density(branch.mechanism.noise, current.value, vj, temperature)
    if branch.series:
        slope = carried * current.partials[0]
        drop = resistor_density(si["r_s"], temperature)
        # per unit of what the series resistance carries
        own = (own + drop * slope * slope / carried) / (1.0 + si["r_s"] * slope) ** 2
    return weight * own
