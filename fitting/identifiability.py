"""Which combinations of parameters the data fix where they do not fix each."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from fitting.engine import Solution

FloatArray = NDArray[np.float64]

FLAT: Final = 1e-7
"""Singular value over the largest, of the Jacobian's columns at unit length, that is rounding."""
TAKES_PART: Final = 0.1
"""Share of a column in a flat direction from which its parameter is named."""
OPEN: Final = 7.0
"""Standard error of a logarithm, a factor of 1000, at which a parameter is as good as not known."""
EXACT: Final = 0.03
"""Distance from a multiple of 1/2 at which an exponent is written as that multiple."""


def loose(solution: Solution, covariance: FloatArray) -> list[str]:
    """Parameters that trade off without end, so that their values are where the search began.

    Those of a direction along which the Jacobian is flat to rounding, or along which a parameter
    that is searched in its logarithm is open by a factor of 1000 at one standard error.

    Parameters
    ----------
    solution : Solution
    covariance : (k, k) array
        Of the search coordinates.
    """
    free = solution.problem.free
    with np.errstate(all="ignore"):
        sigma = np.sqrt(np.diag(covariance))
    wide = [k for k, p in enumerate(free) if p.log and not sigma[k] <= OPEN]
    lengths, s, vt = _directions(solution)
    if not wide and (len(free) < 2 or s[-1] > FLAT * s[0]):
        return [p.name for p, length in zip(free, lengths) if length == 0]
    part = np.zeros(len(free), dtype=bool)
    part[wide] = True
    for k in _flat(s):
        part |= np.abs(vt[k]) > TAKES_PART
    return [p.name for p, named in zip(free, part) if named]


def combination(solution: Solution, sigma: float) -> str:
    """The products that the data fix in place of the parameters that trade off.

    The Jacobian's flat directions (at least the flattest one), its columns scaled to unit length, are
    turned into relative changes of the parameters.  As many parameters as there are such
    directions cannot be told; each other one is known together with these, as a product of powers
    that stays along every flat direction.  Where a parameter is not positive, sums take the place of
    products.

    Parameters
    ----------
    solution : Solution
    sigma : float
        Residual standard deviation.

    Returns
    -------
    str
        ``"d m^0.5 phi^0.5 (to 1.2 %)"``; several are joined by ``and``; empty where there is none.
    """
    lengths, s, vt = _directions(solution)
    if lengths.size < 2 or np.any(lengths == 0):
        return ""
    scale = _to_log(solution)
    flat = _flat(s)
    out = _least_known((vt[flat] / lengths * scale).T)
    rest = [k for k in range(lengths.size) if k not in out]
    known = np.setdiff1d(np.arange(s.size), flat)
    rows = vt[known] * lengths / scale
    exponents = np.linalg.solve(rows[:, rest], rows)
    found = []
    part = np.max(np.abs(vt[flat]), axis=0) > TAKES_PART
    for k, powers in zip(rest, exponents):
        if not part[k]:
            continue
        step = (vt[known] / lengths) @ (powers * scale) / s[known]
        names = [(solution.problem.names[k], 1.0)]
        names += [(solution.problem.names[j], float(powers[j])) for j in out]
        found.append(_text(names, sigma * float(np.linalg.norm(step)), _positive(solution)))
    return " and ".join(text for text in found if text)


def _directions(solution: Solution) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lengths of the Jacobian's columns, and the scaled Jacobian's singular values and directions."""
    lengths = np.linalg.norm(solution.jacobian, axis=1)
    safe = np.where(lengths > 0, lengths, 1.0)
    _, s, vt = np.linalg.svd((solution.jacobian / safe[:, None]).T, full_matrices=False)
    return lengths, s, vt


def _flat(s: FloatArray) -> NDArray[np.int_]:
    below = np.flatnonzero(s <= FLAT * s[0])
    return below if below.size else np.array([s.size - 1])


def _positive(solution: Solution) -> bool:
    return all(value > 0 for value in solution.values.values())


def _to_log(solution: Solution) -> FloatArray:
    """d ln p / d coordinate of each parameter; 1 where they enter sums."""
    if not _positive(solution):
        return np.ones(solution.u.size)
    values = solution.values
    return np.array([1.0 if p.log else 1.0 / values[p.name] for p in solution.problem.free])


def _least_known(flat: FloatArray) -> list[int]:
    """As many parameters as there are flat directions (columns): those that move most along them."""
    left, chosen = flat.copy(), []
    for _ in range(flat.shape[1]):
        k = int(np.argmax(np.linalg.norm(left, axis=1)))
        chosen.append(k)
        axis = left[k] / np.linalg.norm(left[k])
        left = left - np.outer(left @ axis, axis)
    return chosen


def pair(solution: Solution, covariance: FloatArray, i: int, j: int) -> str:
    """The product (or sum) of two correlated parameters that is known best, and how well."""
    free = solution.problem.free
    a, b = _to_log(solution)[[i, j]]
    exponent = -float(covariance[i, j] * a / (covariance[j, j] * b))
    rest = float(covariance[i, i] - covariance[i, j] ** 2 / covariance[j, j])
    sigma = float(a) * math.sqrt(max(rest, 0.0))
    names = [(free[i].name, 1.0), (free[j].name, exponent)]
    return _text(names, sigma, _positive(solution))


def _text(names: list[tuple[str, float]], sigma: float, positive: bool) -> str:
    terms = [(name, _rounded(power)) for name, power in names if abs(power) > 1e-3]
    if not all(math.isfinite(power) for _, power in terms):
        return ""
    if not positive:
        first, *others = terms
        return first[0] + "".join(f" {'+' if q > 0 else '-'} {abs(q):.3g} {n}" for n, q in others)
    product = " ".join(n if q == 1 else f"{n}^{q:.3g}" for n, q in terms)
    return product + (f" (to {100 * sigma:.2g} %)" if sigma < 1 else "")


def _rounded(power: float) -> float:
    near = round(2 * power) / 2 if math.isfinite(power) else 0.0
    return near if near and abs(power - near) <= EXACT else power


def refusal(names: list[str], fixed: str) -> FitRefused:
    """The refusal of a fit that leaves parameters open."""
    which = " and ".join(f"'{name}'" for name in names)
    only = f"they fix only {fixed}" if fixed else "the equation hardly depends on it there"
    return FitRefused(
        f"the data leave {which} open: {only}; give what is known of these, or measure over a wider "
        "range",
        code="unidentifiable",
    )
