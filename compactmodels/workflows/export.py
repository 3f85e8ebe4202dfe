"""A fitted synapse as the files that network simulators read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.files import write_text
from compactmodels.names import comment, identifier
from compactmodels.nonlinearity import NL_LIMIT, alpha_of_nl
from compactmodels.plasticity.pulsed_conductance import advanced, progress, rate_of
from compactmodels.synapse import Synapse, Train, of_card
from compactmodels.templating import render

FloatArray = NDArray[np.float64]

NODES: Final = 61
"""Of a piecewise-linear device: aihwkit takes fewer than 64."""
G_POINTS: Final = 501
CDF_POINTS: Final = 501
"""Size of a lookup table, as in CrossSim's own example."""


def export(card: ModelCard, to: str, folder: Path) -> tuple[list[Path], list[dict[str, str]]]:
    """Write the synapse of a card.

    Parameters
    ----------
    card : ModelCard
        With a ``[synapse]``.
    to : str
        ``neurosim``, ``aihwkit`` or ``crosssim``.
    folder : Path

    Returns
    -------
    paths : list of Path
    remarks : list of dict
        ``code`` and ``message``: what the simulator's own device cannot hold.

    Raises
    ------
    CardError
        Code ``no_synapse``.
    InputError
        Code ``one_direction``: a simulator trains in both; ``unknown_target``.
    """
    if to not in TARGETS:
        raise InputError(
            f"unknown simulator '{to}'; known are {', '.join(TARGETS)}", code="unknown_target"
        )
    synapse = of_card(card)
    if synapse.ltp is None or synapse.ltd is None:
        raise InputError(
            f"card '{card.name}' has {', '.join(synapse.trains)} only: a network simulator needs both "
            "directions; fit potentiation and depression together",
            code="one_direction",
        )
    files, remarks = TARGETS[to](card, synapse, synapse.ltp, synapse.ltd)
    return [write_text(Path(folder) / name, text) for name, text in files.items()], remarks


Written = tuple[dict[str, str], list[dict[str, str]]]


def _remark(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def window_of(ltp: Train, ltd: Train) -> tuple[float, float]:
    """The conductances that both directions reach [S]."""
    return max(ltp.g_start, ltd.g_end), min(ltp.g_end, ltd.g_start)


def step_spread(train: Train) -> float:
    """Standard deviation that one pulse adds and that stays [S]: what simulators call cycle to cycle.

    The part of the noise that is forgotten (read noise, memory) is no update noise.
    """
    return train.noise.walk


def _neurosim(card: ModelCard, synapse: Synapse, ltp: Train, ltd: Train) -> Written:
    low, high = window_of(ltp, ltd)
    remarks = []
    for name, train in synapse.trains.items():
        exponential = train.gamma == 0.0 and train.dwell == 0.0
        if not exponential:
            remarks.append(
                _remark(
                    "shape_replaced",
                    f"{name}: NeuroSim's device is exponential; the curve is replaced by the one of the "
                    f"same NL {train.nl:.3f}, which lies up to {100 * _replaced(train):.1f} % of the window off",
                )
            )
    read = math.hypot(ltp.noise.white, ltp.noise.correlated)
    spread = max(step_spread(ltp), step_spread(ltd)) / (high - low)
    if synapse.ltp is not None and read > 0:
        remarks.append(
            _remark(
                "read_noise",
                "sigmaReadNoise is relative to the conductance there; it is set to the measured, additive "
                "noise over the middle of the window",
            )
        )
    text = render(
        "compactmodels",
        "neurosim.txt.j2",
        name=comment(card.name),
        title=comment(card.title),
        version=__version__,
        g_max=f"{high:.9g}",
        g_min=f"{low:.9g}",
        levels_ltp=round(ltp.pulses),
        levels_ltd=round(ltd.pulses),
        nl_ltp=f"{_label(ltp.nl):.6g}",
        nl_ltd=f"{-_label(ltd.nl):.6g}",
        a_ltp=_a_text(ltp),
        a_ltd=_a_text(ltd),
        sigma_c2c=f"{spread:.6g}",
        sigma_read=f"{2 * read / (high + low):.6g}",
        read_noise="true" if read > 0 else "false",
        v_read=f"{card.operation.get('v_read', 0.1):.6g}",
        v_ltp=f"{card.operation.get('v_set', 1.0):.6g}",
        v_ltd=f"{abs(card.operation.get('v_reset', 1.0)):.6g}",
        width=f"{card.operation.get('pulse_width', 1e-6):.6g}",
        notes=[comment(r["message"]) for r in remarks],
    )
    return {f"{identifier(card.name)}_neurosim.txt": text}, remarks


def _label(nl: float) -> float:
    return math.copysign(min(abs(nl), 0.9999 * NL_LIMIT), nl)


def _a_text(train: Train) -> str:
    alpha = alpha_of_nl(_label(train.nl))
    return f"{1.0 / alpha:.6g} of all pulses" if alpha else "infinite (linear)"


def _replaced(train: Train) -> float:
    """How far the exponential of the same NL lies off, as a share of the window."""
    p = np.linspace(0.0, 1.0, 401)
    own = advanced(p, *train.shape)
    other = progress(p, alpha_of_nl(_label(train.nl)), 0.0)
    return float(np.max(np.abs(own - other)))


def steps_of(train: Train, conductance: FloatArray) -> FloatArray:
    """Mean change by one pulse at each conductance [S]; 0 where the train has ended."""
    return np.array([train.step(float(g)) - float(g) for g in conductance])


def _last_step(train: Train) -> float:
    """What one more pulse would do at the end of a train, did it not stop there [S]."""
    rate = float(rate_of(1.0, *train.shape))
    return max(rate, 0.0) * abs(train.g_end - train.g_start) / train.pulses


def _aihwkit(card: ModelCard, synapse: Synapse, ltp: Train, ltd: Train) -> Written:
    low, high = synapse.limits
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    nodes = np.linspace(low, high, NODES)
    up, down = (np.abs(steps_of(t, nodes)) / half for t in (ltp, ltd))
    # At the window's own ends the device stops by its bounds: the step there is the law's.
    if ltp.g_end == high:
        up[-1] = _last_step(ltp) / half
    if ltd.g_end == low:
        down[0] = _last_step(ltd) / half
    dw_min = float(0.5 * (np.mean(up) + np.mean(down)))
    spread = max(step_spread(ltp), step_spread(ltd)) / half
    settings: dict[str, Any] = {
        "dw_min": dw_min,
        "w_min": -1.0,
        "w_max": 1.0,
        "up_down": 0.0,
        "dw_min_std": spread / dw_min,
        "dw_min_dtod": 0.0,
        "w_min_dtod": 0.0,
        "w_max_dtod": 0.0,
        "up_down_dtod": 0.0,
        "write_noise_std": math.hypot(ltp.noise.white, ltp.noise.correlated) / half / dw_min,
        "piecewise_up": [float(x) for x in up / dw_min],
        "piecewise_down": [float(x) for x in down / dw_min],
    }
    remarks = [
        _remark(
            "independent_noise",
            "aihwkit draws the noise of each pulse by itself: the memory along a ramp, the ramps' own ends and "
            "paces and their drift are not in the preset; device to device is set to 0, since one device "
            "was measured",
        )
    ]
    document = {
        "device": "PiecewiseStepDevice",
        "settings": settings,
        "weight": {
            "conductance_at_0_S": middle,
            "siemens_per_unit": half,
            "note": "w = (G - conductance_at_0_S)/siemens_per_unit",
        },
        "source": {"card": card.name, "compactmodels": __version__},
    }
    name = identifier(card.name)
    code = render(
        "compactmodels",
        "aihwkit_preset.py.j2",
        name=name,
        title=comment(card.title),
        version=__version__,
        json_file=f"{name}_aihwkit.json",
    )
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    return {f"{name}_aihwkit.json": text, f"{name}_aihwkit.py": code}, remarks


def _crosssim(card: ModelCard, synapse: Synapse, ltp: Train, ltd: Train) -> Written:
    from scipy.special import ndtri

    low, high = window_of(ltp, ltd)
    grid = np.linspace(low, high, G_POINTS)
    cdf = np.linspace(0.0, 1.0, CDF_POINTS)
    inner = (np.arange(CDF_POINTS) + 0.5) / CDF_POINTS  # 0 and 1 lie at infinity
    files = {}
    for name, train in (("increasing", ltp), ("decreasing", ltd)):
        spread = step_spread(train)
        table = steps_of(train, grid)[None, :] + spread * ndtri(inner)[:, None]
        rows = [
            "1st Row = Gbins, 2nd Row = CDF Points, 3rd row onward =  dG matrix (rows= CDF, columns = Gbins) ",
            ",".join(f"{g:.16g}" for g in grid),
            ",".join(f"{c:.16g}" for c in cdf),
            "",
            *(",".join(f"{x:.9e}" for x in row) for row in table),
        ]
        files[f"dG_{name}.txt"] = "\n".join(rows) + "\n"
    remarks = [
        _remark(
            "independent_noise",
            "a lookup table draws each pulse by itself: read noise, memory, the ramps' own ends and paces "
            "and their drift are not in it",
        )
    ]
    return files, remarks


TARGETS: Final[dict[str, Callable[[ModelCard, Synapse, Train, Train], Written]]] = {
    "neurosim": _neurosim,
    "aihwkit": _aihwkit,
    "crosssim": _crosssim,
}
"""Simulators by name."""
