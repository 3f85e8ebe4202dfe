"""State equations on the Nb:SrTiO3 contacts: what is fitted, what is predicted, beside Yakopcic's law.

    python benchmarks/dynamics_nbsto.py DATA [--starts 8] [--two-state-starts 24]

DATA is the folder of shared/data/nbsto_schottky.  Every figure is the RMS of log10 |I| (model over
measurement) over the points with |I| > 1 nA of the voltage's sign, the instrument's offset (its
current at 0 V) added to the model.  States at the start: fitted for a record that is trained on; for
one that is predicted the first state is read from its own points up to 0.3 V and nothing else of
it is used.

The comparison: C. Yakopcic et al., IEEE Trans. Comput.-Aided Des. 39, 2648 (2020),
doi:10.1109/TCAD.2019.2912946, with the parameters published for these contacts (T. F. Tiotto et al.,
Front. Neurosci. 14, 627276 (2021), doi:10.3389/fnins.2020.627276) and with all of them fitted again.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numba import njit
from scipy.optimize import least_squares, minimize_scalar

from compactmodels.fast import compile_model
from compactmodels.protocols import Protocol
from fitting.dynamics import fit_dynamics
from fitting.dynamics_predict import predict
from fitting.dynamics_records import Record, records_of
from fitting.dynamics_result import DynamicsResult

NAMES = "gmax_p bmax_p gmax_n bmax_n gmin_p bmin_p gmin_n bmin_n ap an vp vn alpha_p alpha_n xp xn".split()
PUBLISHED = {
    "gmax_p": 9e-5, "bmax_p": 4.96, "gmax_n": 1.7e-4, "bmax_n": 3.23,
    "gmin_p": 1.5e-5, "bmin_p": 6.91, "gmin_n": 4.4e-7, "bmin_n": 2.6,
    "ap": 90.0, "an": 10.0, "vp": 0.5, "vn": 0.5,
    "alpha_p": 1.0, "alpha_n": 1.0, "xp": 0.1, "xn": 0.242,
}  # fmt: skip
X0 = 0.0
LIMITS = {"vp": (0.0, 1.0), "vn": (0.0, 2.0), "alpha_p": (0.0, 50.0), "alpha_n": (0.0, 50.0)}
LIMITS |= {"xp": (0.01, 0.99), "xn": (0.01, 0.99)}
LOG = frozenset(NAMES) - LIMITS.keys()
DECADES = 6.0
"""How far a logarithmic parameter may go from the published one, each way."""
PARTS = 8
LOST = 5.0
"""Residual in decades where the law gives nothing of the right sign."""


@njit
def rate(v, x, p):
    ap, an, vp, vn, alpha_p, alpha_n, xp, xn = p[8], p[9], p[10], p[11], p[12], p[13], p[14], p[15]
    if v > vp:
        f = 1.0
        if x >= xp:
            f = math.exp(-alpha_p * (x - xp)) * ((xp - x) / (1.0 - xp) + 1.0)
        return ap * (math.exp(v) - math.exp(vp)) * f
    if v < -vn:
        f = 1.0
        if x <= 1.0 - xn:
            f = math.exp(alpha_n * (x + xn - 1.0)) * (x / (1.0 - xn))
        return -an * (math.exp(-v) - math.exp(vn)) * f
    return 0.0


@njit
def follow(t, v, x0, p, out):
    """Linearly implicit Euler, ``PARTS`` substeps a point (stiff where a rate is large)."""
    x = x0
    for k in range(t.size):
        if k > 0:
            h = (t[k] - t[k - 1]) / PARTS
            for j in range(PARTS):
                volt = v[k - 1] + (v[k] - v[k - 1]) * (j + 0.5) / PARTS
                slow = rate(volt, x, p)
                slope = (rate(volt, x + 1e-7, p) - slow) / 1e-7
                x = min(max(x + h * slow / (1.0 - h * min(slope, 0.0)), 0.0), 1.0)
        if v[k] >= 0:
            out[k] = p[0] * math.sinh(p[1] * v[k]) * x
            out[k] += p[4] * (1.0 - math.exp(-p[5] * v[k])) * (1.0 - x)
        else:
            out[k] = p[2] * (1.0 - math.exp(-p[3] * v[k])) * x
            out[k] += p[6] * math.sinh(p[7] * v[k]) * (1.0 - x)


def current(record: Record, values: dict[str, float], x0: float, ratio: float = 1.0) -> np.ndarray:
    """The law through a record, times the ratio of areas, with the instrument's offset."""
    out = np.empty(record.time.size)
    p = np.array([values[n] for n in NAMES])
    follow(record.time, record.voltage, x0, p, out)
    return ratio * out + record.offset


def residual(record: Record, values: dict[str, float], x0: float, ratio: float = 1.0) -> np.ndarray:
    """log10 of law over measurement at the points that count."""
    quotient = (current(record, values, x0, ratio) / record.current)[record.used]
    good = np.isfinite(quotient) & (quotient > 0)
    return np.where(good, np.log10(np.where(good, quotient, 1.0)), LOST)


def rms(record: Record, values: dict[str, float], x0: float, ratio: float = 1.0) -> float:
    return float(np.sqrt(np.mean(residual(record, values, x0, ratio) ** 2)))


def read_x0(record: Record, values: dict[str, float], ratio: float = 1.0) -> float:
    """The state that the points up to 0.3 V show, as for the cards."""
    end = int(np.flatnonzero(np.abs(record.voltage) >= 0.3)[0])
    early = record.used[:end].sum()

    def cost(x: float) -> float:
        return float(np.sum(residual(record, values, x, ratio)[:early] ** 2))

    grid = np.linspace(0.0, 1.0, 41)
    best = grid[int(np.argmin([cost(x) for x in grid]))]
    return float(
        minimize_scalar(
            cost, bounds=(max(best - 0.025, 0), min(best + 0.025, 1)), method="bounded"
        ).x
    )


def refit(
    records: Sequence[Record], ratios: Sequence[float], starts: int = 12, seed: int = 0
) -> tuple[dict[str, float], list[float]]:
    """Every parameter and each record's initial state, in the logarithm, from several starts."""
    rng = np.random.default_rng(seed)
    low, high, base = [], [], []
    for name in NAMES:
        value = PUBLISHED[name]
        if name in LOG:
            base.append(math.log(value))
            low.append(math.log(value) - DECADES * math.log(10))
            high.append(math.log(value) + DECADES * math.log(10))
        else:
            base.append(value)
            low.append(LIMITS[name][0])
            high.append(LIMITS[name][1])
    n = len(NAMES)
    lower, upper = np.array(low + [0.0] * len(records)), np.array(high + [1.0] * len(records))

    def values(u: np.ndarray) -> dict[str, float]:
        return {m: math.exp(u[k]) if m in LOG else float(u[k]) for k, m in enumerate(NAMES)}

    def all_residuals(u: np.ndarray) -> np.ndarray:
        p = values(u)
        return np.concatenate(
            [residual(r, p, float(x), a) for r, x, a in zip(records, u[n:], ratios, strict=True)]
        )

    best = None
    for k in range(starts):
        u = np.array(base + [0.1] * len(records))
        if k:
            u[:n] += rng.normal(0.0, 1.0, n) * np.array([1.0 if m in LOG else 0.2 for m in NAMES])
            u[n:] = rng.uniform(0.0, 0.5, len(records))
        u = np.clip(u, lower + 1e-6, upper - 1e-6)
        found = least_squares(
            all_residuals, u, bounds=(lower, upper), x_scale="jac", diff_step=1e-5, max_nfev=150
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    return values(best.x), [float(x) for x in best.x[n:]]


FLOOR = 1e-9
SMALL, LARGE = math.pi * 10e-6**2, math.pi * 100e-6**2
FOLDER = "Scaling device/Radius {radius} um"
begun = time.monotonic()


def path(data: Path, number: int, radius: int) -> Path:
    (found,) = (data / FOLDER.format(radius=radius)).glob(f"{number:03d}_AG_*.csv")
    return found


def row(
    what: str, demand: float, ours: float, others: Sequence[float | None], note: str = ""
) -> None:
    shown = [f"{x:9.3f}" if x is not None else " " * 9 for x in others]
    verdict = "reached" if ours <= demand else "MISSED"
    print(
        f"{what:58s} {demand:6.2f} {ours:8.4f} {verdict:8s}" + "".join(shown) + f"  {note}",
        flush=True,
    )


def said(result: DynamicsResult, what: str) -> None:
    s = result.statistics
    print(
        f"# {what}: {s['n_parameters']} unknowns, {s['n_points']} points ({s['n_effective']:.0f} count), "
        f"{s['agreeing']} of {s['starts']} starts agree, {time.monotonic() - begun:.0f} s so far"
    )
    print(
        "#   "
        + ", ".join(f"{k} {e.value:.4g} +- {e.stderr:.2g}" for k, e in result.parameters.items())
    )
    print("#   warnings: " + ", ".join(w.code for w in result.warnings), flush=True)


def in_ngspice(result: DynamicsResult) -> float:
    """Largest distance in decades of the emitted subcircuit from the compiled integrator."""
    from netlists.simulation import simulate

    card = result.card("nbsto")
    worst = 0.0
    for response in result.responses:
        r = response.record
        t = r.time - r.time[0]
        protocol = Protocol("transient", t, r.voltage, float(np.median(np.diff(t))), label="record")
        start = {"w0": float(response.w[0]), "s0": float(response.s[0])}
        found = simulate(card, protocol, temperature=result.statistics["temperature"], **start)
        volts = np.interp(found.time, t, r.voltage)
        exact = compile_model(card.model).respond(
            card.values, found.time, volts, temperature=result.statistics["temperature"], **start
        )
        seen = np.abs(exact.current) > FLOOR
        ratio = np.abs(found.current[seen] / exact.current[seen])
        worst = max(worst, float(np.max(np.abs(np.log10(ratio)))))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--two-state-starts", type=int, default=24)
    options = parser.parse_args()

    def record(number: int, radius: int = 10) -> Record:
        area = [SMALL if radius == 10 else LARGE]
        return records_of(path(options.data, number, radius), floor=FLOOR, areas=area)[0]

    def old(
        values: dict[str, float], number: int, x0: float | None = None, radius: int = 10
    ) -> float:
        r, ratio = record(number, radius), 1.0 if radius == 10 else LARGE / SMALL
        return rms(r, values, read_x0(r, values, ratio) if x0 is None else x0, ratio)

    def fit(numbers: Sequence[tuple[int, int]], **settings: object) -> DynamicsResult:
        files = [path(options.data, n, r) for n, r in numbers]
        areas = [SMALL if r == 10 else LARGE for _, r in numbers]
        known: dict[str, object] = {"starts": options.starts, **settings}
        return fit_dynamics(files, areas=areas, floor=FLOOR, **known)  # type: ignore[arg-type]

    print(f"{'RMS of log10 |I|, |I| > 1 nA':58s} demand    found            published  refitted")
    one = fit([(35, 10)])
    said(one, "-2 V sweep of contact 3A")
    again, _ = refit([record(35)], [1.0])
    row(
        "a -2 V sweep, at most 13 parameters",
        0.05,
        one.statistics["rms_decades"],
        (old(PUBLISHED, 35, X0), old(again, 35)),
        f"{one.statistics['n_parameters']} parameters",
    )
    card = one.card("nbsto")
    response, warned = predict(card, record(36))
    row(
        "trained on -2 V, predicting -3 V",
        0.55,
        response.rms_decades,
        (old(PUBLISHED, 36), old(again, 36)),
        ", ".join(w.code for w in (*one.warnings[:1], *warned)),
    )
    for name, number in (("3C", 40), ("3D", 45)):
        row(
            f"a sister device, {name}, -2 V",
            0.25,
            predict(card, record(number))[0].rms_decades,
            (old(PUBLISHED, number), old(again, number)),
        )
    wide = one.card("nbsto", area=LARGE)
    for name, number in (("1A", 3), ("1B", 6), ("1C", 9), ("1D", 12)):
        row(
            f"a 100 um contact, only the area changed, {name}",
            0.30,
            predict(wide, record(number, 100))[0].rms_decades,
            (old(PUBLISHED, number, None, 100), old(again, number, None, 100)),
        )
    row("the emitted subcircuit in ngspice, largest distance", 0.01, in_ngspice(one), ())

    sizes = fit([(35, 10), (3, 100)])
    said(sizes, "3A (10 um) and 1A (100 um) together")
    both, _ = refit([record(35), record(3, 100)], [1.0, LARGE / SMALL])
    wide = sizes.card("nbsto", area=LARGE)
    for name, number in (("1B", 6), ("1C", 9), ("1D", 12)):
        row(
            f"the other 100 um contacts, {name}",
            0.12,
            predict(wide, record(number, 100))[0].rms_decades,
            (old(PUBLISHED, number, None, 100), old(both, number, None, 100)),
        )

    ends = fit([(35, 10), (37, 10)])
    said(ends, "-2 and -4 V together")
    outer, _ = refit([record(35), record(37)], [1.0, 1.0])
    row(
        "trained on -2 and -4 V, predicting -3 V",
        0.25,
        predict(ends.card("nbsto"), record(36))[0].rms_decades,
        (old(PUBLISHED, 36), old(outer, 36)),
    )

    joint = fit(
        [(35, 10), (36, 10), (37, 10)], states=2, starts=options.two_state_starts, seconds=900.0
    )
    said(joint, "-2, -3 and -4 V together, two states")
    all_three, x0 = refit([record(35), record(36), record(37)], [1.0, 1.0, 1.0])
    counts = np.array([int(r.record.used.sum()) for r in joint.responses])

    def total(parts: Sequence[float]) -> float:
        return float(np.sqrt(np.sum(counts * np.array(parts) ** 2) / counts.sum()))

    row(
        "-2, -3 and -4 V jointly",
        0.10,
        joint.statistics["rms_decades"],
        (
            total([old(PUBLISHED, n, X0) for n in (35, 36, 37)]),
            total([rms(record(n), all_three, x) for n, x in zip((35, 36, 37), x0, strict=True)]),
        ),
        " ".join(f"{r.rms_decades:.3f}" for r in joint.responses),
    )
    row("the emitted subcircuit in ngspice, largest distance", 0.01, in_ngspice(joint), ())
    single = fit([(35, 10), (36, 10), (37, 10)])
    said(single, "the same with one state")
    print(f"# one state on the three: {single.statistics['rms_decades']:.4f}")


if __name__ == "__main__":
    main()
