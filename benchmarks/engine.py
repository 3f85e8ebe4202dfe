"""The fitting engine, warm and in one process: selection, the exact Jacobian, and plain lmfit beside it.

    python benchmarks/engine.py

1. ``auto`` over all mechanisms on sweeps of 600 points.
2. The same search with the exact Jacobian and with lmfit's finite differences.
3. ``lmfit.Model(law).fit(I, V=V)`` on the same data, law and start: seconds, and how far off it lands.
"""

from __future__ import annotations

import inspect
import statistics
import sys
import time
import warnings
from pathlib import Path

import lmfit
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compactmodels import registry
from compactmodels.data import Trace
from fitting import fit_iv
from fitting.engine import inside
from fitting.joint import fit_joint
from fitting.joint_problem import JointProblem
from fitting.recipes import Known, problem_of, starts_of
from tests.fitting import oracle

REPEATS = 7
AREA = 1e-10
KNOWN = Known(AREA, 3e-9, 1.0, None, 300.15)


def sweeps():
    """Voltage and current of 600 points each, 2 % noise, from the tests' oracle."""
    rng = np.random.default_rng(0)
    v = np.linspace(0.002, 1.2, 600)
    tunnel = np.linspace(0.002, 0.9, 600)
    exact = {
        "ohmic": (v, 1e-6 * v, {}),
        "thermionic_emission": (
            v,
            oracle.thermionic_emission(v, 0.7, 1.4, AREA, 300.15, 60.0),
            {"phi": 0.7, "n": 1.4, "r_s": 60.0},
        ),
        "direct_tunneling": (
            tunnel,
            oracle.direct_tunneling(tunnel, 1.1, 0.9, 3e-9, 1, AREA),
            {"phi1": 1.1, "phi2": 0.9},
        ),
        "schottky_emission": (
            v,
            oracle.schottky_emission(v, 0.6, 6.0, 3e-9, AREA, 300.15),
            {"phi": 0.6, "eps_r": 6.0},
        ),
    }
    return {n: (x, i * (1 + 0.02 * rng.standard_normal(600)), t) for n, (x, i, t) in exact.items()}


def median(job) -> float:
    job()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        job()
        times.append(time.process_time() - start)
    return statistics.median(times)


def search(problem, u, exact: bool):
    """One Levenberg-Marquardt search, as the engine runs it."""
    names, bounds = problem.names, problem.bounds()
    start = lmfit.Parameters()
    for name, x, (low, high) in zip(names, u, bounds):
        start.add(name, value=float(x), min=low, max=high)

    def at(p):
        return np.array([p[n].value for n in names])

    extra = {"Dfun": lambda p: problem.residual(at(p))[1], "col_deriv": 1} if exact else {}
    value = problem.residual if exact else lambda u: (_plain(problem, u), None)
    return lmfit.minimize(
        lambda p: value(at(p))[0], start, method="leastsq", ftol=1e-10, xtol=1e-10, **extra
    )


def _plain(problem, u):
    """The residual without derivatives: what a finite difference needs."""
    values = problem.external(u)
    si = {n: x * p.si_factor for n, (p, x) in problem.fixed.items()}
    si |= {p.name: values[p.name] * p.si_factor for p in problem.free}
    return np.log(problem.y / problem.law(problem.x, si))


def _plain_joint(problem, u):
    return np.concatenate([_plain(b, u[p]) for b, p in zip(problem.blocks, problem.places)])


def temperatures():
    """A diode behind a resistor at five temperatures: shared barrier and Richardson constant."""
    rng = np.random.default_rng(1)
    v = np.linspace(0.02, 1.0, 120)
    for t in (260.0, 280.0, 300.0, 320.0, 340.0):
        i = oracle.thermionic_emission(v, 0.7, 1.4, AREA, t, 60.0)
        yield Trace(None, v, i * (1 + 0.02 * rng.standard_normal(v.size)), t)


def jacobians() -> None:
    """Value and all slopes at once, against as many values more as there are parameters."""
    print("\none exact Jacobian against one by finite differences, and whole searches with either")
    for name, (v, i, _) in sweeps().items():
        part = registry.conduction(name)
        problem = problem_of(part, KNOWN, v, i, series=part.series)
        start = inside(problem, {"r_s": 10.0, **starts_of(problem, part, KNOWN)[0]})
        exact = _once(problem.residual, start)
        plain = (len(problem.free) + 1) * _once(lambda u, p=problem: _plain(p, u), start)
        whole = [median(lambda p=problem, u=start, e=e: search(p, u, e)) for e in (True, False)]
        print(
            f"  {name:22s} {len(problem.free):2d} parameters: {1e3 * exact:6.2f} ms, finite "
            f"differences {1e3 * plain:6.2f} ms, ratio {plain / exact:.1f}; searches "
            f"{1e3 * whole[0]:.1f} and {1e3 * whole[1]:.1f} ms"
        )
    problem, u = _joint()
    exact = _once(problem.residual, u)
    plain = (u.size + 1) * _once(lambda x: _plain_joint(problem, x), u)
    print(
        f"  {'five temperatures':22s} {u.size:2d} parameters: {1e3 * exact:6.2f} ms, finite "
        f"differences {1e3 * plain:6.2f} ms, ratio {plain / exact:.1f}"
    )


def _joint():
    """The problem of the five temperatures and its minimum."""
    caught = []
    original = JointProblem.residual

    def residual(self, u):
        caught[:] = [self, np.array(u)]
        return original(self, u)

    JointProblem.residual = residual
    try:
        fit_joint(
            list(temperatures()),
            "thermionic_emission",
            area=AREA,
            shared=("phi", "richardson"),
            per_trace=("n", "r_s"),
        )
    finally:
        JointProblem.residual = original
    return caught


def _once(job, u) -> float:
    """Seconds of one evaluation at places close by (a search steps, and so do differences).

    Ten together: some take less than the clock's own call.
    """
    places = [u * (1 + 1e-6 * k) for k in range(10)]
    times = []
    for _ in range(40):
        start = time.process_time()
        for at in places:
            job(at)
        times.append((time.process_time() - start) / len(places))
    return statistics.median(times)


def _signature(law, names):
    """lmfit reads the parameters' names off the function's signature."""
    law.__signature__ = inspect.Signature(
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in ("V", *names)]
    )
    return law


def beside_lmfit() -> None:
    """Plain least squares on the current, the same law, the same start."""
    print("\nfit_iv beside lmfit's Model.fit: seconds, and how far off (in per cent)")
    for name, (v, i, truth) in sweeps().items():
        if not truth:
            continue
        part = registry.conduction(name)
        problem = problem_of(part, KNOWN, v, i, series=part.series)
        first = {"r_s": 10.0, **starts_of(problem, part, KNOWN)[0]}

        def law(V, problem=problem, **values):
            si = {n: x * p.si_factor for n, (p, x) in problem.fixed.items()}
            si |= {p.name: values[p.name] * p.si_factor for p in problem.free}
            with np.errstate(all="ignore"):
                return problem.law(V, si)

        model = lmfit.Model(_signature(law, problem.names), independent_vars=["V"])

        def fit(model=model, problem=problem, first=first, v=v, i=i):
            start = model.make_params()
            for p in problem.free:
                start[p.name].set(value=first[p.name], min=p.lower, max=p.upper)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return model.fit(i, start, V=v, max_nfev=4000)

        def ours(name=name, v=v, i=i):
            return fit_iv(Trace(None, v, i, 300.15), name, area=AREA, thickness=3e-9)

        mine, theirs = ours(), fit()
        seconds = (median(ours), median(fit))
        for label, second, values in (
            ("fit_iv", seconds[0], {k: e.value for k, e in mine.parameters.items()}),
            ("Model.fit", seconds[1], theirs.best_values),
        ):
            off = ", ".join(f"{k} {100 * (values[k] / x - 1):+.3g}" for k, x in truth.items())
            print(f"  {name:22s} {label:10s} {1e3 * second:8.1f} ms   {off}")


def selection() -> None:
    print("auto over all mechanisms, 600 points, geometry known")
    for name, (v, i, _) in sweeps().items():
        trace = Trace(None, v, i, 300.15)
        seconds = median(lambda t=trace: fit_iv(t, area=AREA, thickness=3e-9))
        chosen = fit_iv(trace, area=AREA, thickness=3e-9).selected
        print(f"  {name:22s} {seconds:.3f} s, selected {chosen}")


if __name__ == "__main__":
    selection()
    jacobians()
    beside_lmfit()
