"""The compiled device against the model: residuals, every entry of the Jacobian, charges, noise.

Loaded by a driver that is built with sanitizers and allocates no byte more than the device asks for.
The oracle is the model in NumPy with dual numbers, which shares no text with the emitted C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import ModelCard, load_card
from compactmodels.model import MIXES, Branch, Model
from compactmodels.noise import device_density
from compactmodels.traced import STATE_CAPACITANCE
from netlists import osdi
from tests.core.battery import RELATIVE, rate_floor, switching_card
from tests.netlists.osdi_driver import (
    ALPHA,
    DYNAMIC,
    PINNED,
    System,
    ask,
    expected,
    sanitized,
    systems,
)

pytestmark = pytest.mark.needs_compiler

CARDS = ("hp", "mose2", pytest.param("otj", marks=pytest.mark.slow))
FLOOR = 1e-24
"""Absolute, in A or S, besides 1e-9 of what stands there."""


def cards_of_parts() -> dict[str, ModelCard]:
    """Every mechanism with and without a series resistance, every mix, every switching law."""
    found = {}
    names = sorted(registry.conductions())
    for series in (False, True):
        branches = tuple(
            Branch(f"b{k}", registry.conduction(n), series=series) for k, n in enumerate(names)
        )
        label = "every mechanism" + (", behind a resistance" if series else "")
        card = ModelCard("dut", Model(branches), {})
        resistances = {p: 10.0 ** (k % 7) for k, p in enumerate(card.values) if p.endswith("_r_s")}
        found[label] = card.with_values(resistances, "assumed")
    mixes = tuple(
        Branch(f"b{k}", registry.conduction("sinh"), mix, k % 2 == 0) for k, mix in enumerate(MIXES)
    )
    model = Model(mixes, registry.switching("volatile_gate"), registry.relaxation("exponential"))
    card = ModelCard("dut", model, {})
    found["every mix"] = card.with_values({"b0_r_s": 1e4, "b4_r_s": 3e5}, "assumed")
    for name in sorted(registry.switchings()):
        found[name] = switching_card(name, None, {})
    return found


PARTS = cards_of_parts()


def points(card: ModelCard, count: int, seed: int = 0) -> Iterator[dict[str, float]]:
    """Node voltages as Newton's steps meet them: also far off, and states outside [0, 1]."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        p, n = rng.normal(0, [0.3, 2.0, 30.0][k % 3], 2)
        x = {"p": float(p), "n": float(n)}
        for b in card.model.branches:
            if b.series:
                x[f"{b.name}_j"] = float((p - n) * rng.uniform(-0.2, 1.0))
        for state in card.model.states:
            x[state] = float(rng.uniform(-0.05, 1.05)) if k % 4 else float(k % 3 > 0)
        yield x


def check(card: ModelCard, found: System, x: dict[str, float], settings: dict[str, Any]) -> None:
    """Everything that is loaded, against the model's own numbers."""
    residual, slopes = expected(card.model, card.values, x, **settings)
    residual["n"], slopes["n"] = -residual["p"], {k: -g for k, g in slopes["p"].items()}
    scale, m = card.values["scale"], settings.get("m", 1.0)
    rounding = {"p": FLOOR, "n": FLOOR}
    for node in card.model.states:
        rounding[node] = STATE_CAPACITANCE * rate_floor(card)
    volts = np.array([x[n] for n in found.nodes])
    cap = m * scale * card.values["cap"]
    charge = {"p": cap * (x["p"] - x["n"]), "n": -cap * (x["p"] - x["n"])}
    charge |= {s: STATE_CAPACITANCE * x[s] for s in card.model.states}
    for k, node in enumerate(found.nodes):
        floor = rounding.get(node, 1e-15 * (1 + np.abs(volts).max()))
        assert found.resist[k] == pytest.approx(residual[node], rel=RELATIVE, abs=floor), node
        due = np.array([slope_of(slopes[node], other) for other in found.nodes])
        slack = RELATIVE * np.abs(due) + 1e-12 * np.abs(due).max() + floor
        assert np.all(np.abs(found.jacobian[k] - due) <= slack), (node, found.jacobian[k], due)
        assert found.charge[k] == found.react[k]
        assert found.react[k] == pytest.approx(charge.get(node, 0.0), rel=1e-12, abs=1e-300)
    capacity = np.zeros_like(found.capacity)
    capacity[:2, :2] = cap * np.array([[1, -1], [-1, 1]])
    for state in card.model.states:
        k = found.nodes.index(state)
        capacity[k, k] = STATE_CAPACITANCE
    assert found.capacity == pytest.approx(capacity, rel=1e-12, abs=0)
    assert found.jacobian_tran == pytest.approx(found.jacobian + ALPHA * capacity, rel=1e-12, abs=0)
    for rhs, matrix in ((found.rhs_dc, found.jacobian), (found.rhs_tran, found.jacobian_tran)):
        size = np.abs(matrix) @ np.abs(volts) + np.abs(found.resist)
        assert np.all(np.abs(rhs - (matrix @ volts - found.resist)) <= 1e-13 * size)


def slope_of(slopes: dict[str, float], node: str) -> float:
    """By a node's voltage, given the slopes by v and by the inner nodes' voltages."""
    return {"p": slopes["v"], "n": -slopes["v"]}.get(node) if node in "pn" else slopes[node]


def loaded(card: ModelCard, library: Any, count: int) -> None:
    """At ``count`` solutions, moving and pinned."""
    solutions = list(points(card, count))
    start = {"w": 0.3, "s": 0.8}
    given = {**card.values, "w0": start["w"], "s0": start["s"], "$mfactor": 2.0, "scale": 3.0}
    card = card.with_values({"scale": 3.0}, "assumed")
    settings = {"temperature": 320.0, "m": 2.0}
    found = systems(library, given, solutions, temperature=320.0, flags=DYNAMIC)
    moving = {s: start[s] for s in ("w", "s") if s not in card.model.states}
    for system, x in zip(found, solutions, strict=True):
        check_still(card, system, x, settings, moving, None)
    pinned = systems(library, given, solutions[:4], temperature=320.0, flags=PINNED)
    held = systems(library, {**given, "hold": 1.0}, solutions[:4], temperature=320.0)
    for system, x in [*zip(pinned, solutions, strict=False), *zip(held, solutions, strict=False)]:
        check_still(card, system, x, settings, moving, start)


def check_still(
    card: ModelCard,
    system: System,
    x: dict[str, float],
    settings: dict[str, Any],
    still: dict[str, float],
    start: dict[str, float] | None,
) -> None:
    check(card, system, x, {**settings, "still": still, "start": start})


@pytest.mark.parametrize("name", CARDS)
def test_the_whole_system_of_a_card(name: str) -> None:
    card = load_card(name)
    loaded(card, osdi.build(card), 24)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_the_whole_system_of_every_part(name: str) -> None:
    loaded(PARTS[name], osdi.build(PARTS[name]), 24)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["every mix", "volatile_gate"])
def test_a_sanitized_build_finds_nothing(name: str) -> None:
    loaded(PARTS[name], sanitized(osdi._library(PARTS[name].model)[1]), 24)


def test_a_sanitized_build_of_the_tunnel_junction_finds_nothing() -> None:
    card = load_card("otj")
    loaded(card, sanitized(osdi._library(card.model)[1]), 24)


def test_sanitizers_see_a_step_beyond_the_data() -> None:
    """The driver can fail."""
    text = osdi._library(load_card("hp").model)[1]
    broken = text.replace("in->node_flow[NODE_P] =", "(&in->opvar[OPVARS])[flags & 0x10] =")
    assert broken != text
    with pytest.raises(AssertionError, match=r"heap-buffer-overflow|out of bounds|runtime error"):
        ask(sanitized(broken), ["setup 300", "eval 18 0 0 0 0"])


@pytest.mark.parametrize("name", ["hp", "otj"])
def test_noise_and_what_an_operating_point_tells(name: str) -> None:
    """Junctions at the voltages that belong to the bias."""
    card = load_card(name)
    values, si = card.values, card.model.si(card.values)
    biases, solutions = (0.0, 1e-7, 0.05, -0.4, 1.3), []
    for v in biases:
        x = {"p": v, "n": 0.0, "w": 0.4, "s": 0.2}
        for b in card.model.branches:
            if b.series:
                x[f"{b.name}_j"] = float(b.junction(np.array(v), 320.0, si[b.name]))
        solutions.append(x)
    given = {**values, "w0": 0.4, "s0": 0.2, "$mfactor": 2.0}
    found = systems(osdi.build(card), given, solutions, temperature=320.0, flags=PINNED)
    for system, v in zip(found, biases, strict=True):
        density = device_density(card.model, np.array(v), values, w=0.4, s=0.2, temperature=320.0)
        assert np.sum(system.noise) == pytest.approx(2 * float(density), rel=1e-6, abs=0)
        at: dict[str, Any] = {"w": 0.4, "s": 0.2, "temperature": 320.0}
        current = float(card.model.current(np.array(v), values, **at))
        near = card.model.current(np.array([v - 1e-5, v + 1e-5]), values, **at)
        shown = system.opvars
        assert shown["current"] == pytest.approx(current, rel=1e-9, abs=1e-24)
        assert shown["slope"] == pytest.approx(float(near[1] - near[0]) / 2e-5, rel=1e-4, abs=0)
        assert shown["power"] == pytest.approx(v * current, rel=1e-9, abs=1e-24)
        assert shown["resistance"] * shown["conductance"] == pytest.approx(1.0)
        if abs(v) > 1e-6:
            assert shown["conductance"] == pytest.approx(current / v, rel=1e-9, abs=0)
        else:
            assert shown["conductance"] == shown["slope"]
        branches = card.model.branch_currents(np.array(v), values, **at)
        for branch, own in branches.items():
            assert shown[f"{branch}_current"] == pytest.approx(float(own), rel=1e-9, abs=1e-24)
        assert (shown["v"], shown["w"], shown["temperature"]) == (v, 0.4, 320.0)


def test_values_of_the_model_stand_where_an_instance_gives_none() -> None:
    card = load_card("hp")
    at = "eval 0 0 1 0 0.5"
    library = osdi.build(card)

    def current(*commands: str) -> float:
        lines = ask(library, [*commands, "setup 300", "set w0 0.5", "setup 300", at, "opvar"])
        return float(next(x.split()[2] for x in lines if x.startswith("opvar current")))

    assert current("model ion_g 2e-3", "model gmin 0") == pytest.approx(
        2 * current("model ion_g 1e-3", "model gmin 0"), abs=0
    )
    assert current("model ion_g 2e-3", "set ion_g 1e-3") == current("set ion_g 1e-3")


def test_a_value_outside_its_range_is_said_and_computes_nothing() -> None:
    lines = ask(osdi.build(load_card("hp")), ["set w0 1.5", "setup 300", "eval 2 1 1 0 0.5"])
    (words,) = (line for line in lines if line.startswith("log"))
    assert words.endswith("parameter w0 = 1.5 lies outside 0 to 1")
    assert "instance_flags 2 0" in lines
    assert "returned 2" in lines
    assert all(float(x) == 0 for x in next(x for x in lines if x[:7] == "rhs_dc ").split()[1:])


def test_a_bound_missed_by_rounding_is_no_error() -> None:
    commands = ["set w0 1.0000000000000002", "set scale 9.999999999999999e-13", "setup 300"]
    assert "instance_flags 0 0" in ask(osdi.build(load_card("hp")), commands)
