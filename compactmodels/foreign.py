"""Parameter sets of published memristor models, carried over to cards.

A designer who has a set of one of these models, in its paper's names and units, gets a card that can
be emitted, checked and simulated like any other (docs/foreign_models.md holds the tables, and what differs
from each published model).

>>> card = carry_over("vteam", dict(r_on=1e3, r_off=3e5, k_off=0.091, k_on=-216.2, alpha_off=4,
...                                 alpha_on=4, v_off=0.3, v_on=-1.5, w_off=3e-9))
>>> card.values["sw_v_on"]
-1.5
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.conduction.jart_schottky import CHARGES
from compactmodels.constants import ELEMENTARY_CHARGE
from compactmodels.errors import CardError
from compactmodels.model import Branch, Model

PER_VOLUME: Final = 1e26
"""Vacancies per m^3 that JART counts as 1."""
NANOMETRE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Carried:
    """A structure and its values, by prefix and in declared units."""

    branch: tuple[str, str, str, bool]
    law: str
    values: dict[str, float]

    @property
    def model(self) -> Model:
        """The structure as a model."""
        name, mechanism, mix, series = self.branch
        branch = Branch(name, registry.conduction(mechanism), mix, series)
        return Model((branch,), registry.switching(self.law))


def _drift(law: str, r_on: float, r_off: float, d: float, uv: float, **window: float) -> Carried:
    ratio = r_off / r_on
    own = {"mobility": uv, "length": d, "off_on": ratio, **window}
    return Carried(
        ("ion", "ohmic", "resistive", False),
        law,
        {"ion_g": 1.0 / r_on, "ion_off_on": ratio, **_prefixed("sw", own)},
    )


def joglekar(r_on: float, r_off: float, d: float, uv: float, p: float = 1.0) -> Carried:
    """Linear drift with Joglekar's window; ohm, ohm, m, m^2/(V s)."""
    return _drift("linear_drift_joglekar", r_on, r_off, d, uv, p=p)


def biolek(r_on: float, r_off: float, d: float, uv: float, p: float = 1.0) -> Carried:
    """Linear drift with Biolek's window; ohm, ohm, m, m^2/(V s)."""
    return _drift("linear_drift", r_on, r_off, d, uv, p=p)


def prodromakis(
    r_on: float, r_off: float, d: float, uv: float, p: float = 1.0, j: float = 1.0
) -> Carried:
    """Linear drift with Prodromakis' window; ohm, ohm, m, m^2/(V s)."""
    return _drift("linear_drift_prodromakis", r_on, r_off, d, uv, p=p, j=j)


def vteam(
    r_on: float,
    r_off: float,
    k_off: float,
    k_on: float,
    alpha_off: float,
    alpha_on: float,
    v_off: float,
    v_on: float,
    w_off: float,
    w_on: float = 0.0,
    p: float = 500.0,
    a_off: float = 1.0,
    a_on: float = -1.0,
    w_c: float = 1.07e-10,
    exponential: float = 0.0,
) -> Carried:
    """VTEAM; ohm, m/s, V, m; ``exponential`` = 1 takes the second of its two I-V relations."""
    law = {"k_off": k_off, "k_on": k_on, "alpha_off": alpha_off, "alpha_on": alpha_on}
    law |= {"v_off": v_off, "v_on": v_on, "w_off": w_off, "w_on": w_on}
    law |= {"p": p, "a_off": a_off, "a_on": a_on, "w_c": w_c}
    ratio = r_off / r_on
    if exponential:
        mix, weighing = "exponential", {"ion_span": math.log10(ratio)}
    else:
        mix, weighing = "resistive", {"ion_off_on": ratio}
    values = {"ion_g": 1.0 / r_on, **weighing, **_prefixed("sw", law)}
    return Carried(("ion", "ohmic", mix, False), "threshold_vteam", values)


def yakopcic(
    a1: float,
    a2: float,
    b: float,
    vp: float,
    vn: float,
    ap: float,
    an: float,
    xp: float,
    xn: float,
    alphap: float,
    alphan: float,
    eta: float = 1.0,
) -> Carried:
    """Yakopcic's model; A, 1/V, V, 1/s."""
    law = {"ap": ap, "an": an, "vp": vp, "vn": vn, "xp": xp, "xn": xn}
    law |= {"alphap": alphap, "alphan": alphan, "eta": eta}
    return Carried(
        ("ion", "yakopcic_sinh", "on", False),
        "threshold_yakopcic",
        {"ion_a1": a1, "ion_a2": a2, "ion_b": b, **_prefixed("sw", law)},
    )


def stanford_pku(
    i0: float,
    g0: float,
    v0: float,
    vel0: float,
    gamma0: float,
    beta: float,
    ea: float,
    a0: float,
    tox: float,
    rth: float,
    gap_min: float,
    gap_max: float,
    f_min: float = 0.0,
    g1: float = 1e-9,
) -> Carried:
    """Stanford-PKU; A, m, V, m/s, eV, K/W, V/m."""
    law = {"vel0": vel0, "ea": ea, "a0": a0, "tox": tox, "gamma0": gamma0, "beta": beta, "g1": g1}
    law |= {"gap_min": gap_min, "gap_max": gap_max, "rth": rth, "f_min": f_min}
    gap = {
        "g": i0 * math.exp(-gap_min / g0) / v0,
        "v0": v0,
        "span": (gap_max - gap_min) / (g0 * math.log(10.0)),
    }
    return Carried(
        ("gap", "sinh", "exponential", False),
        "gap_stanford_pku",
        {**_prefixed("gap", gap), **_prefixed("sw", law)},
    )


def jart_like(
    phibn0: float,
    phin: float,
    eps: float,
    epsphib: float,
    un: float,
    ndiscmin: float,
    ndiscmax: float,
    nplug: float,
    a: float,
    nyo: float,
    dwa: float,
    rth0: float,
    rtheff_scaling: float,
    rdet: float,
    lcell: float,
    ldet: float,
    rtiox: float,
    r0: float,
    richardson: float = 6.01e5,
) -> Carried:
    """JART VCM v1b, in its own units: vacancies in 1e26/m^3, lcell and ldet in nm, else SI and eV."""
    n_min, n_max, n_plug = (PER_VOLUME * n for n in (ndiscmin, ndiscmax, nplug))
    disc, cell = NANOMETRE * ldet, NANOMETRE * lcell
    line = rtiox + r0
    per_vacancy = CHARGES * ELEMENTARY_CHARGE * un * math.pi * rdet**2
    r_disc, r_plug = disc / n_max / per_vacancy, (cell - disc) / n_plug / per_vacancy
    whole = line + r_plug + r_disc
    contact = {"phibn0": phibn0, "phin": phin, "eps": eps, "epsphib": epsphib, "ndisc": n_max}
    contact |= {"richardson": richardson, "mdiel": 1.0, "rdet": rdet, "r_s": whole}
    contact |= {"share": r_disc / whole, "span": math.log10(n_max / n_min)}
    law = {"a": a, "nyo": nyo, "dwa": dwa, "rth0": rth0, "rtheff_scaling": rtheff_scaling, "un": un}
    law |= {"ndiscmin": n_min, "ndiscmax": n_max, "nplug": n_plug, "rdet": rdet, "lcell": cell}
    law |= {"ldet": disc, "r_line": line}
    return Carried(
        ("cell", "jart_schottky", "resistive_decades", True),
        "vacancy_jart_like",
        {**_prefixed("cell", contact), **_prefixed("sw", law)},
    )


MODELS: Final[dict[str, Callable[..., Carried]]] = {
    "joglekar": joglekar,
    "biolek": biolek,
    "prodromakis": prodromakis,
    "vteam": vteam,
    "yakopcic": yakopcic,
    "stanford-pku": stanford_pku,
    "jart-like": jart_like,
}
"""By the name of the library card that holds a published set."""


def carry_over(model: str, parameters: Mapping[str, float], name: str | None = None) -> ModelCard:
    """A published parameter set as a card.

    Parameters
    ----------
    model : str
        A key of :data:`MODELS`.
    parameters : mapping
        By their published names (upper and lower case alike) and in the published units.
    name : str, optional
        Of the card; the model's unless given.

    Raises
    ------
    CardError
        A model that is not known, a parameter that the model does not have, or one that is missing.
    ParameterError
        A value outside its bounds.
    """
    if model not in MODELS:
        near = difflib.get_close_matches(model, MODELS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise CardError(
            f"no foreign model '{model}'; known are {', '.join(MODELS)}{hint}", code="unknown_model"
        )
    given = {key.lower(): float(value) for key, value in parameters.items()}
    declared = inspect.signature(MODELS[model]).parameters
    for key in given:
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(declared)}"
            raise CardError(f"model '{model}' has no parameter '{key}'; {hint}")
    missing = [n for n, p in declared.items() if p.default is p.empty and n not in given]
    if missing:
        raise CardError(
            f"the parameter set of '{model}' lacks {', '.join(missing)}: give every value of the "
            "published set"
        )
    carried = MODELS[model](**given)
    entries = {
        k: Entry(v, "assumed", f"carried over to '{model}'") for k, v in carried.values.items()
    }
    return ModelCard(name or model, carried.model, entries)


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {f"{prefix}_{key}": value for key, value in values.items()}
