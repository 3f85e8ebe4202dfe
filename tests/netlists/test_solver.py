"""The fast engine for linear arrays, against Kirchhoff's laws in a sparse direct solver."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlists
from compactmodels.errors import InputError, SimulationError
from netlists.solver.linear import CrossbarSolution, solve_crossbar
from tests.netlists.solver_judge import judge, largest

ENDS = ("start", "end", "both", "floating")


def devices(m, n, seed=0, low=1e4, high=1e6):
    rng = np.random.default_rng(seed)
    return 1.0 / np.exp(rng.uniform(np.log(low), np.log(high), (m, n)))


def volts(n, seed=1, low=-0.2, high=0.2):
    return np.random.default_rng(seed).uniform(low, high, n)


def check(g, vl, vb, r_word, r_bit, tolerance=1e-9, nodes=1e-8, **options):
    """Currents and voltages against the judge's.

    A voltage is a double: over a small resistance its rounding is a current.
    """
    found = solve_crossbar(g, vl, r_word, r_bit, bit_voltages=vb, return_nodes=True, **options)
    bits, words, at_word, at_bit = judge(g, vl, vb, r_word, r_bit, **options)
    scale = max(np.abs(bits).max(), 1e-3 * np.abs(words).max())
    span = np.abs(np.append(vl, vb)).max()
    ends = (options.get(name, 0.0) for name in ("r_source", "r_sense"))
    ohms = np.concatenate([np.ravel(r) for r in (r_word, r_bit, *ends)])
    largest_g = max(g.max(), 1.0 / ohms[ohms > 0].min() if (ohms > 0).any() else 0.0)
    grain = 4e-16 * span * largest_g
    assert np.abs(found.currents - bits).max() <= tolerance * scale + grain
    into = max(scale, np.abs(words).max())
    assert np.abs(found.word_currents - words).max() <= tolerance * into + grain
    assert np.abs(found.word_voltages - at_word).max() <= nodes * span
    assert np.abs(found.bit_voltages - at_bit).max() <= nodes * span
    return found


# ----------------------------------------------------------------------------- against the judge


@pytest.mark.parametrize(
    ("m", "n"), [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (13, 6), (5, 130), (140, 9)]
)
@pytest.mark.parametrize(("r_word", "r_bit"), [(1.0, 2.5), (0.0, 3.0), (4.0, 0.0), (0.0, 0.0)])
def test_sizes_and_ideal_lines(m, n, r_word, r_bit) -> None:
    check(devices(m, n), volts(m), 0.0, r_word, r_bit)


@pytest.mark.parametrize("word_drive", ENDS)
@pytest.mark.parametrize("bit_drive", ENDS)
@pytest.mark.parametrize("r", [0.0, 20.0])
@pytest.mark.parametrize("r_end", [0.0, 50.0])
def test_ends(word_drive, bit_drive, r, r_end) -> None:
    if word_drive == bit_drive == "floating":
        pytest.skip("nothing holds the array")
    options = {"word_drive": word_drive, "bit_drive": bit_drive}
    options |= {"r_source": r_end, "r_sense": r_end}
    check(devices(6, 9, low=1e2, high=1e4), volts(6), volts(9, 2), r, r, **options)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_any_topology(seed) -> None:
    """Everything at random: ends and resistances by line or segment, zeros, breaks, open and shorted
    cells; an array that is not connected has to be refused, with the judge's consent."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 14, 2)
    g = devices(m, n, seed, 10.0 ** rng.uniform(0, 3), 1e6)
    g[rng.random((m, n)) < rng.choice([0.0, 0.5])] = 0.0
    g[rng.random((m, n)) < 0.05] = 1e2

    def ohms(shape):
        found = 10.0 ** rng.uniform(-3, 3, shape)
        found[rng.random(shape) < rng.choice([0.0, 0.3, 1.0])] = 0.0
        return found

    shapes_word = [(), (m,), (m, n + 1)]
    shapes_bit = [(), (n,), (m + 1, n)]
    r_word, r_bit = ohms(shapes_word[rng.integers(3)] or 1), ohms(shapes_bit[rng.integers(3)] or 1)
    r_word, r_bit = (r[0] if r.shape == (1,) else r for r in (r_word, r_bit))
    options = {
        "r_source": ohms(m),
        "r_sense": ohms(n),
        "word_drive": list(rng.choice(ENDS, m, p=[0.5, 0.2, 0.2, 0.1])),
        "bit_drive": list(rng.choice(ENDS, n, p=[0.2, 0.5, 0.2, 0.1])),
    }
    if rng.random() < 0.5:
        options["broken_word"] = rng.random((m, n + 1)) < 0.05
        options["broken_bit"] = rng.random((m + 1, n)) < 0.05
    if rng.random() < 0.5:
        options["bridged_word"] = rng.random((m - 1, n)) < 0.1
        options["bridged_bit"] = rng.random((m, n - 1)) < 0.1
        options["r_short"] = 10.0 ** rng.uniform(-2, 3)
    vl, vb = volts(m, seed), volts(n, seed + 1)
    try:
        check(g, vl, vb, r_word, r_bit, nodes=1e-5, **options)
    except InputError as error:
        if error.code == "engine_lacks":
            return  # a word line that hangs on bridges alone
        assert error.code == "disconnected"
        assert lost_nodes(g, r_word, r_bit, **options)


def lost_nodes(g, r_word, r_bit, **options):
    """Whether some node has no path to a port, by the judge's own edges."""
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components

    from tests.netlists.solver_judge import network

    net = network(g, r_word, r_bit, **options)
    a = np.concatenate([net.a, net.word_ports[net.word_driven], net.bit_ports[net.bit_driven]])
    ground = np.full(net.word_driven.sum() + net.bit_driven.sum(), net.count)
    b = np.concatenate([net.b, ground])
    graph = sp.coo_array((np.ones(a.size), (a, b)), shape=(net.count + 1,) * 2)
    part = connected_components(graph, directed=False)[1]
    return bool((part[: 2 * g.size] != part[-1]).any())


@pytest.mark.parametrize(
    ("n", "low", "high", "r"), [(128, 1e4, 1e6, 1.0), (160, 1e3, 1e5, 5.0), (192, 1e3, 1e4, 10.0)]
)
def test_lossy_arrays(n, low, high, r) -> None:
    found = check(devices(n, n, 3, low, high), volts(n), 0.0, r, r, tolerance=5e-10)
    assert found.residual <= 3e-10


@pytest.mark.slow
@pytest.mark.parametrize("n", [256, 512])
@pytest.mark.parametrize(("low", "high", "r"), [(1e3, 1e5, 5.0), (1e3, 1e4, 10.0)])
def test_large_lossy_arrays(n, low, high, r) -> None:
    check(devices(n, n, 3, low, high), volts(n, low=0.0), 0.0, r, r)


def test_shorted_cells_lose_no_digits() -> None:
    g = devices(24, 17, low=1e3, high=1e5)
    g[3, 4] = g[20, 2] = 1e3
    check(g, volts(24), 0.0, 1.0, 1.0)
    g[3, 4] = 1e7
    close = solve_crossbar(g, volts(24), 1.0, 1.0)
    g[3, 4] = 1e10
    assert largest(close - solve_crossbar(g, volts(24), 1.0, 1.0), close) < 1e-6


def test_bridged_lines() -> None:
    """A bridge of next to nothing between two lines that are equal changes nothing; others do."""
    g, v = devices(7, 9), volts(7)
    v[3] = v[2]
    g[3] = g[2]
    plain = solve_crossbar(g, v, 2.0, 2.0)
    same = check(
        g, v, 0.0, 2.0, 2.0, bridged_word=np.eye(6, 9, dtype=bool) * (np.arange(6) == 2)[:, None]
    )
    assert largest(same.currents - plain, plain) < 1e-9
    mask = np.zeros((7, 8), dtype=bool)
    mask[4, 1:3] = True
    found = check(g, v, volts(9, 4), 2.0, 2.0, bridged_bit=mask, r_short=0.1)
    assert largest(found.currents - plain, plain) > 1e-3
    many = np.ones((6, 9), dtype=bool)  # all word lines are one
    check(g, v, 0.0, 2.0, 3.0, bridged_word=many, r_short=1e-3)


def test_vectors_are_solved_one_by_one_and_together() -> None:
    g, v, vb = devices(30, 20), volts((5, 30)), volts((5, 20), 2)
    together = solve_crossbar(g, v, 3.0, 2.0, bit_voltages=vb, return_nodes=True)
    assert together.currents.shape == (5, 20) and together.word_currents.shape == (5, 30)
    assert together.cell_voltages.shape == (5, 30, 20) and together.iterations.shape == (5,)
    for k in range(5):
        one = solve_crossbar(g, v[k], 3.0, 2.0, bit_voltages=vb[k], return_nodes=True)
        assert one.currents.shape == (20,)
        assert np.array_equal(one.currents, together.currents[k])
        assert np.array_equal(one.cell_voltages, together.cell_voltages[k])
    plain = solve_crossbar(g, v, 3.0, 2.0, bit_voltages=vb)
    assert largest(plain - together.currents, plain) < 3e-10


def test_the_plain_answer_is_an_array() -> None:
    assert isinstance(netlists.solve_crossbar([[1e-4]], [1.0], 0.0, 0.0), np.ndarray)
    full = netlists.solve_crossbar([[1e-4]], [1.0], 0.0, 0.0, return_nodes=True)
    assert isinstance(full, CrossbarSolution) and "conjugate" in full.method


@pytest.mark.parametrize("scheme", [2, 3])
def test_select_schemes(scheme) -> None:
    """V/2 and V/3: the selected lines at V and 0, the others between; ideal lines show the shares."""
    m = n = 12
    word, bit = np.full(m, 1.0 / scheme), np.full(n, 1.0 - 1.0 / scheme)
    word[4], bit[7] = 1.0, 0.0
    found = check(devices(m, n), word, bit, 1.0, 1.0)
    ideal = solve_crossbar(devices(m, n), word, 0.0, 0.0, bit_voltages=bit, return_nodes=True)
    assert ideal.cell_voltages[4, 7] == pytest.approx(1.0)
    assert np.abs(found.cell_voltages - ideal.cell_voltages).max() < 0.05


# ------------------------------------------------------------------------------------- properties


@settings(max_examples=25)
@given(
    st.integers(1, 20), st.integers(1, 20), st.floats(0, 100), st.floats(0, 100), st.integers(0, 99)
)
def test_superposition_and_conservation(m, n, r_word, r_bit, seed) -> None:
    g = devices(m, n, seed, 1e2, 1e5)
    a, b = volts((2, m), seed)
    first = solve_crossbar(g, [a, b, 2 * a - 3 * b], r_word, r_bit, return_nodes=True)
    x, y, both = first.currents
    assert np.allclose(2 * x - 3 * y, both, rtol=0, atol=3e-9 * np.abs(first.currents).max())
    for k in range(3):
        out, into = first.currents[k].sum(), first.word_currents[k].sum()
        assert abs(out - into) <= 1e-9 * np.abs(first.word_currents[k]).sum()


@settings(max_examples=25)
@given(
    st.integers(1, 16), st.integers(1, 16), st.floats(0, 50), st.floats(0, 50), st.integers(0, 99)
)
def test_reciprocity(m, n, r_word, r_bit, seed) -> None:
    """1 V at word line i and the current of bit line j: the same the other way round."""
    g = devices(m, n, seed, 1e2, 1e5)
    there = solve_crossbar(g, np.eye(m), r_word, r_bit)
    back = solve_crossbar(
        np.ascontiguousarray(g.T), np.eye(n), r_bit, r_word, word_drive="end", bit_drive="start"
    )
    assert largest(there - back.T, there) < 2e-9


def test_without_resistance_it_is_a_product() -> None:
    g, v = devices(40, 30), volts(40)
    assert largest(solve_crossbar(g, v, 0.0, 0.0) - v @ g, v @ g) < 1e-15
    errors = [largest(solve_crossbar(g, v, r, r) - v @ g, v @ g) for r in (1e-3, 1e-4, 1e-5)]
    assert errors[0] == pytest.approx(10 * errors[1], rel=0.01)
    assert errors[1] == pytest.approx(10 * errors[2], rel=0.01)


def test_floating_lines_carry_nothing_and_follow() -> None:
    g = devices(8, 8)
    drive = ["start"] * 8
    drive[3] = "floating"
    found = check(g, volts(8), 0.0, 1.0, 1.0, word_drive=drive)
    assert abs(found.word_currents[3]) < 1e-16
    alone = solve_crossbar(g, volts(8), 1.0, 1.0, bit_drive="floating", return_nodes=True)
    assert np.array_equal(alone.currents, np.zeros(8))
    # One line driven, all others floating: they all follow.
    one = ["start"] + ["floating"] * 7
    follows = check(g, np.full(8, 0.7), 0.0, 1.0, 1.0, word_drive=one, bit_drive="floating")
    assert np.abs(follows.bit_voltages - 0.7).max() < 1e-9


def test_a_broken_line_is_two_lines() -> None:
    g, v = devices(6, 10), volts(6)
    cut = np.zeros((6, 11), dtype=bool)
    cut[2, 4] = True
    found = check(g, v, 0.0, 2.0, 2.0, broken_word=cut)
    assert np.array_equal(solve_crossbar(g, v, 2.0, 2.0, broken_word=[(2, 4)]), found.currents)
    ohms = np.full((6, 11), 2.0)
    ohms[2, 4] = np.inf
    assert np.array_equal(solve_crossbar(g, v, ohms, 2.0), found.currents)


# -------------------------------------------------------------------------------------- precision


def test_the_bound_holds() -> None:
    """With a coarse tolerance too, no current is off by more than was promised."""
    g, v = devices(90, 90, 5, 1e3, 1e4), volts(90, low=0.0)
    exact = judge(g, v, 0.0, 5.0, 5.0)[0]
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-8):
        found = solve_crossbar(g, v, 5.0, 5.0, tolerance=tolerance, return_nodes=True)
        assert found.residual <= tolerance
        assert largest(found.currents - exact, exact) <= found.residual * (1 + 1e-6) + 1e-13


def test_too_few_iterations_are_no_answer() -> None:
    with pytest.raises(
        SimulationError, match=r"not solved in 3 iterations.* 3e-10 was asked"
    ) as error:
        solve_crossbar(devices(90, 90, 5, 1e3, 1e4), volts(90), 10.0, 10.0, iterations=3)
    assert error.value.code == "no_convergence"


def test_the_threads_do_not_show(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from netlists.solver.linear import solve_crossbar\n"
        "g = np.random.default_rng(0).uniform(1e-6, 1e-4, (230, 310))\n"
        "v = np.random.default_rng(1).uniform(0, 0.2, (2, 230))\n"
        "a, b = solve_crossbar(g, v[0], 1.0, 1.0), solve_crossbar(g, v, 1.0, 1.0)\n"
        "print(a.tobytes().hex()[:4000], b.tobytes().hex()[:9000])"
    )
    outputs = set()
    for count in ("1", "2"):
        variables = {**os.environ, "NUMBA_NUM_THREADS": count, "OMP_NUM_THREADS": count}
        command = [sys.executable, "-P", "-c", code]
        root = Path(__file__).resolve().parents[2]
        variables["PYTHONPATH"] = str(root)
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1


# -------------------------------------------------------------------------------------- bad input


def refused(match, *arguments, code="bad_crossbar", **options):
    given = {"conductance": devices(3, 4), "voltages": volts(3), "r_word": 1.0, "r_bit": 1.0}
    given |= options
    with pytest.raises(InputError, match=match) as error:
        solve_crossbar(**given)
    assert error.value.code == code and "\n" not in error.value.message


def test_what_is_refused() -> None:
    g = devices(3, 4)
    refused(r"voltages has the shape \(4,\): \(3,\) or", voltages=volts(4))
    refused(r"voltages has the shape \(\)", voltages=1.0)
    refused(r"conductance has the shape \(4,\)", conductance=g[0])
    refused(r"conductance has the shape \(0, 4\)", conductance=g[:0])
    refused(r"conductance\[0, 0\] is nan", conductance=g * np.nan)
    refused(r"conductance\[0, 0\] is inf", conductance=g * np.inf)
    refused(r"conductance\[0, 0\] is -", conductance=-g)
    refused("conductance holds something", conductance=[["a"]])
    refused("r_word is -1 ohm", r_word=-1.0)
    refused("r_bit is nan ohm", r_bit=np.nan)
    refused(r"r_bit\[2\] is -1 ohm", r_bit=[1.0, 1.0, -1.0, 1.0])
    refused(r"r_word has the shape \(4,\)", r_word=np.ones(4))
    refused(r"r_word has the shape \(3, 4\): a number, \(3,\).*\(3, 5\)", r_word=np.ones((3, 4)))
    refused(r"r_bit has the shape \(3, 4\).*\(4, 4\)", r_bit=np.ones((3, 4)))
    refused("r_source is -1 ohm", r_source=-1.0)
    refused(r"r_sense has the shape \(3,\)", r_sense=np.ones(3))
    refused("word_drive is 'left': one of start", word_drive="left")
    refused("bit_drive has 2 entries", bit_drive=["end", "end"])
    refused(r"bit_voltages has the shape \(3,\)", bit_voltages=np.ones(3))
    refused("2 vectors and bit_voltages 3", voltages=volts((2, 3)), bit_voltages=volts((3, 4)))
    refused("bit_voltages is nan", bit_voltages=np.nan)
    refused("tolerance is 0", tolerance=0)
    refused("iterations is 0", iterations=0)
    refused("broken_word names the place", broken_word=[(0, 9)])
    refused("bridged_bit names the place", bridged_bit=[(0, 3)])
    refused("r_short is 0 ohm", r_short=0.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'r_end'"):
        solve_crossbar(g, volts(3), 1.0, 1.0, r_end=1.0)


def test_arrays_that_hang_on_nothing() -> None:
    g = devices(3, 4)
    both = {"word_drive": "floating", "bit_drive": "floating"}
    refused(r"not connected: word line 0 \(counted from 0\)", code="disconnected", **both)
    g[1] = 0.0
    drive = ["start", "floating", "start"]
    refused("word line 1", code="disconnected", conductance=g, word_drive=drive)
    cut = [(1, 1), (1, 3)]
    refused(r"cell \(1, 1\)", code="disconnected", conductance=g, broken_word=cut)


def test_arrays_larger_than_memory() -> None:
    g = np.broadcast_to(1e-5, (10**6, 10**6))
    refused(
        r"1000000 x 1000000 cells would take about 5.6e\+04 GB", code="too_large", conductance=g
    )
    refused("would take about", code="too_large", voltages=np.broadcast_to(0.1, (10**9, 3)))
