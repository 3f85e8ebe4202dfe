"""Compiled devices outside a simulator: the C driver beside this file, built with sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.dual import Dual
from compactmodels.model import Model
from compactmodels.templating import render
from compactmodels.traced import STATE_CAPACITANCE
from netlists import osdi

FloatArray = NDArray[np.float64]
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
DYNAMIC, PINNED = 2, 0
"""Flags of an evaluation: charges are asked for, and so the states move; or not."""
ALPHA = 3.0e5


@cache
def driver() -> Path:
    """The driver's program."""
    text = Path(__file__).with_suffix(".c").read_text()
    header = render("netlists", "osdi_abi.h.j2")
    text = text.replace('#include "osdi_abi.h"\n', header)
    flags = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", *SANITIZE)
    path = osdi._compile(text, flags)
    path.chmod(0o700)
    return path


def sanitized(text: str) -> Path:
    """A device's library with sanitizers."""
    rest = [flag for flag in osdi.FLAGS if flag != "-O2"]
    return osdi._compile(text, (*rest, "-O1", *SANITIZE))


@dataclass(frozen=True, slots=True)
class System:
    """What a device loads into a simulator at one solution; vectors by node, matrices by node and node."""

    nodes: tuple[str, ...]
    resist: FloatArray
    react: FloatArray
    charge: FloatArray
    jacobian: FloatArray
    capacity: FloatArray
    jacobian_tran: FloatArray
    rhs_dc: FloatArray
    rhs_tran: FloatArray
    noise: FloatArray
    opvars: dict[str, float]


def ask(library: Path, commands: Iterable[str]) -> list[str]:
    """What the driver prints; a sanitizer's words are an error."""
    done = subprocess.run(
        [str(driver()), str(library)],
        input="\n".join([*commands, ""]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise AssertionError(f"status {done.returncode}: {done.stderr[-2000:]}")
    lines = done.stdout.splitlines()
    assert lines[-1] == "done"
    return lines


def systems(
    library: Path,
    parameters: Mapping[str, float],
    solutions: Iterable[Mapping[str, float]],
    *,
    temperature: float,
    flags: int = DYNAMIC,
) -> list[System]:
    """The device's system at node voltages [V], by node."""
    lines = ask(library, [])
    nodes = lines[1].split()[1:]
    pairs = np.array(lines[3].split()[1:], dtype=int).reshape(-1, 2)
    commands = [f"set {k} {v!r}" for k, v in parameters.items()] + [f"setup {temperature!r}"]
    for x in solutions:
        values = " ".join(repr(float(x[n])) for n in nodes)
        commands += [f"eval {flags} {ALPHA!r} {values}", "noise", "opvar"]
    found, rows, charges, opvars = [], dict[str, Any](), np.zeros(len(nodes)), dict[str, float]()
    for line in [*ask(library, commands), "returned"]:
        key, *words = line.split()
        if key == "returned" and "jacobian" in rows:
            found.append(_system(nodes, pairs, rows, charges, opvars))
            rows, charges, opvars = {}, np.zeros(len(nodes)), {}
        elif key == "charge":
            charges[int(words[0])] = float(words[1])
        elif key == "opvar":
            opvars[words[0]] = float(words[1])
        elif key not in {"returned", "module", "nodes", "entries", "done"}:
            rows[key] = np.array(words, dtype=float)
    return found


def _system(
    nodes: list[str], pairs: Any, rows: Mapping[str, Any], charge: FloatArray, opvars: Any
) -> System:
    def matrix(name: str) -> FloatArray:
        full = np.zeros((len(nodes), len(nodes)))
        np.add.at(full, (pairs[:, 0], pairs[:, 1]), rows[name])
        return full

    square = {n: matrix(n) for n in ("jacobian", "capacity", "jacobian_tran")}
    flat = {n: rows[n] for n in ("resist", "react", "rhs_dc", "rhs_tran", "noise")}
    assert not rows["limit"].any() and not rows["limit_react"].any()
    return System(nodes=tuple(nodes), charge=charge, opvars=opvars, **square, **flat)


def expected(
    model: Model,
    values: Mapping[str, float],
    x: Mapping[str, float],
    *,
    temperature: float,
    m: float = 1.0,
    still: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The model's own residuals, by node, and their derivatives by the voltages, with dual numbers.

    ``still`` are the states that do not move; the others are pinned at ``start`` if that is given.
    """
    names = ["v", *(n for n in x if n not in ("p", "n"))]
    at = {"v": x["p"] - x["n"], **{n: x[n] for n in names[1:]}}
    seeds = np.eye(len(names))
    duals = {n: Dual(np.array(at[n]), seeds[k]) for k, n in enumerate(names)}
    si, v = model.si(values), duals["v"]
    w, s = (duals.get(n, (still or {}).get(n, 0.0)) for n in ("w", "s"))
    total, flows = si[""]["gmin"] * v, {}
    junctions = []
    for b in model.branches:
        vj = duals[f"{b.name}_j"] if b.series else v
        junctions.append(vj)
        current = b.junction_current(vj, temperature, si[b.name])
        weight = b.weight(w, s, si[b.name])
        total = total + weight * current
        if b.series:
            carried = weight if b.exponential else 1.0
            flows[f"{b.name}_j"] = vj - v + si[b.name]["r_s"] * (carried * current)
    law = model.switching
    flows["p"] = m * (si[""]["scale"] * total)
    if law is not None:
        drive = junctions[0] if law.junction else v
        rates = model.state_equations(
            drive, w, s, temperature, si.get("sw", {}), si.get("rx", {}), v * total
        )
        for name, rate in zip(model.states, rates, strict=True):
            pinned = None if start is None else duals[name] - start[name]
            flows[name] = STATE_CAPACITANCE * (-rate if pinned is None else pinned)
    residual, slopes = {}, {}
    for node, flow in flows.items():
        dual = flow if isinstance(flow, Dual) else Dual(np.array(flow), np.zeros(len(names)))
        residual[node] = float(dual.value)
        slopes[node] = dict(zip(names, map(float, dual.partials), strict=True))
    return residual, slopes
