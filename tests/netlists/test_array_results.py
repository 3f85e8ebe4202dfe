"""Arrays in ngspice: sweeps, labelled results, files, memory, time, interruption, the decks as they are."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from compactmodels.errors import SimulationError
from netlists import ngspice
from netlists.array import (
    Crossbar,
    CrossbarError,
    Faults,
    Selector,
    Stack,
    Transistor,
    draw_states,
    scheme_voltages,
    threshold_selector,
)
from netlists.crossbar import (
    check_memory,
    crossbar_deck,
    dataset,
    estimate,
    read_ngspice,
    read_stack_ngspice,
    sweep_ngspice,
    transient_ngspice,
    write_csv,
    write_netcdf,
    write_pulse,
)
from tests.netlists.array_judge import judge, largest
from tests.netlists.test_array_topologies import linear_device, make, ohmic, sinh, sinh_device
from tests.netlists.test_array_transients import moving

# ----------------------------------------------------------------------------------------- sweeps


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("card", [ohmic, sinh])
@pytest.mark.parametrize("lines", [{}, {"word": [1]}, {"bit": [0, 2], "word": [0]}])
def test_a_sweep_is_a_read_at_every_point(card, lines):
    x = make(card(), r_source=10.0)
    sweep = sweep_ngspice(x, -0.2, 0.25, 6, **lines)
    assert sweep.voltage == pytest.approx(np.linspace(-0.2, 0.25, 6))
    device = linear_device if card is ohmic else sinh_device
    for k, v in enumerate(sweep.voltage):
        word, bit = x.voltages.copy(), x.bit_voltages.copy()
        word[list(lines.get("word", range(3) if not lines else []))] = v
        bit[list(lines.get("bit", []))] = v
        there = x.changed(voltages=word, bit_voltages=bit)
        bits, words, at_word, at_bit = judge(there, device(there))
        assert largest(sweep.currents[0, k] - bits, bits) <= 1e-6
        assert largest(sweep.word_currents[0, k] - words, bits) <= 1e-6
        assert largest(sweep.cell_voltages[0, k] - (at_word - at_bit), at_word) <= 1e-6


@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"word": [3]}, "word line 3 cannot be swept"),
        ({"bit": [1]}, "bit line 1 floats"),
        ({"points": 1}, "2 or more"),
        ({"stop": 0.0}, "ends apart"),
        ({"plane": 2}, "plane 2: 0 to 1"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(change, words):
    x = make(ohmic(), bit_drive=["end", "floating", "end", "end"])
    with pytest.raises(CrossbarError, match=words):
        sweep_ngspice(x, **{"start": 0.0, "stop": 1.0, "points": 3} | change)


# -------------------------------------------------------------------------------- labelled results


@pytest.mark.needs_ngspice
def test_a_read_as_labelled_data_and_files(tmp_path):
    import xarray

    x = make(sinh(), selector=Transistor(gate=1.2), seed=4)
    result = read_ngspice(x)
    data = dataset(x, result)
    assert data.sizes == {"word": 3, "bit": 4}
    assert data.current.attrs["units"] == "A" and data.cell_voltage.dims == ("word", "bit")
    assert float(data.cell_voltage.sel(word=1, bit=2)) == result.cell_voltages[1, 2]
    assert data.attrs["engine"] == "ngspice" and "1T1R" in data.attrs["selector"]
    path = write_netcdf(data, tmp_path / "read.nc")
    again = xarray.load_dataset(path, engine="scipy")
    assert again.identical(data)
    table = list(csv.reader(write_csv(data, tmp_path / "i.csv").read_text().splitlines()))
    assert table[0][0] == "bit 0 (A)"
    assert [float(v) for v in table[1]] == result.currents.tolist()
    cells = list(
        csv.reader(write_csv(data, tmp_path / "v.csv", "device_voltage").read_text().splitlines())
    )
    assert cells[0][:2] == ["word", "bit 0 (V)"] and len(cells) == 4
    assert [float(v) for v in cells[2][1:]] == result.device_voltages[1].tolist()
    with pytest.raises(CrossbarError, match="no variable 'power'"):
        write_csv(data, tmp_path / "p.csv", "power")


@pytest.mark.needs_ngspice
def test_sweeps_transients_and_stacks_as_labelled_data(tmp_path):
    x = make(moving(), voltages=[0.3, -0.2, 0.1])
    data = dataset(x, sweep_ngspice(x, 0.0, 0.2, 3))
    assert data.current.dims == ("voltage", "bit") and data.voltage.attrs["units"] == "V"
    result = transient_ngspice(x, write_pulse(scheme_voltages("v/2", 3, 4, [(0, 1)], 0.7), 1e-5))
    data = dataset(x, result)
    assert data.w.dims == ("time", "word", "bit") and data.time.attrs["units"] == "s"
    assert data.w.isel(time=0).values == pytest.approx(x.w)
    assert write_netcdf(data, tmp_path / "t.nc").stat().st_size > data.nbytes
    first = write_csv(data, tmp_path / "w.csv", "w").read_text().splitlines()
    assert (
        first[0].startswith("time (s),word,bit 0 (1)") and len(first) == 1 + 3 * data.sizes["time"]
    )
    stack = Stack([make(ohmic()), make(ohmic(), w=np.full((3, 4), 0.2))])
    data = dataset(stack, read_stack_ngspice(stack))
    assert data.current.dims == ("bit_plane", "bit") and data.sizes["word_plane"] == 2
    assert data.cell_voltage.dims == ("layer", "word", "bit")
    assert write_netcdf(data, tmp_path / "s.nc").is_file()


# ----------------------------------------------------------------------------------- the decks


DECKS = {
    "resistors": lambda: make(ohmic(), seed=3),
    "subcircuits": lambda: make(sinh(), faults=Faults(rows=3, cols=4, open_cells=[(0, 0)])),
    "transistors": lambda: make(sinh(), selector=Transistor(gate=1.1)),
    "selectors": lambda: make(ohmic(), selector=Selector(card=threshold_selector())),
    "stack": lambda: Stack([make(ohmic()), make(sinh("other"))]),
}


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", DECKS)
def test_a_deck_loads_in_ngspice_as_it_is(name, tmp_path):
    if (program := shutil.which("ngspice")) is None:
        pytest.skip("the program ngspice is not installed, only its library")
    x = DECKS[name]()
    deck = tmp_path / "array.cir"
    deck.write_text(crossbar_deck(x))
    done = subprocess.run([program, "-n", "-b", deck], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    port = "vp2out2" if name == "stack" else "vout2"
    (printed,) = re.findall(rf"^\s*{port}#branch\s+(\S+)$", done.stdout, re.M)
    result = read_stack_ngspice(x) if name == "stack" else read_ngspice(x)
    assert float(printed) == pytest.approx(np.atleast_2d(result.currents)[0, 1], rel=1e-5)


def test_the_header_says_all_that_was_asked_for():
    x = make(
        ohmic(),
        seed=7,
        r_word=[1.0, 2.0, 3.0],
        c_bit=1e-15,
        word_drive="both",
        bit_drive=["end", "end", "start", "floating"],
        r_sense=50.0,
        selector=Transistor(gate=1.2, along="bit"),
        faults=Faults(rows=3, cols=4, stuck_on=[(0, 0), (1, 1)], bridged_bit=[(0, 0)]),
        parameters={"lrs_g": np.full((3, 4), 2e-4)},
        notes=[("states from", "weights.csv\n.control")],
    )
    deck = crossbar_deck(x)
    head = deck[: deck.index(".options")]
    for words in (
        "card                    'bitcell' in every cell", "1.0 to 3.0 ohm", "1e-15 F", "at both ends",
        "2 at the end, 1 at the start, 1 nowhere", "50.0 ohm", "1T1R, nmos 'nmos_level1'",
        "stuck on                2", "bridged bit             1", "cell parameter lrs_g", "2e-04 S",
        "seed of the states      7", "weights.csv .control", "-0.2 to 0.3 V",
    ):  # fmt: skip
        assert words.replace("2e-04", "0.0002") in head
    active = [line for line in head.splitlines()[1:] if line and not line.startswith(("*", "."))]
    assert active == []


def test_a_deck_of_64_lines_takes_milliseconds():
    # A bound for a loaded machine; benchmarks/crossbar_ngspice.py measures.
    x = Crossbar(rows=64, cols=64, card=ohmic(), w=draw_states(64, 64, 0), voltages=np.ones(64),
                 r_word=1.0, r_bit=1.0)  # fmt: skip
    crossbar_deck(x)
    start = time.process_time()
    deck = crossbar_deck(x)
    assert time.process_time() - start < 0.5
    assert deck.count("\nRx") == 64 * 64


# ------------------------------------------------------------------- memory, time, interruption


def test_an_array_larger_than_memory_is_refused_with_the_estimate():
    x = make(ohmic())
    small = estimate(x)
    assert small.form == "resistor" and small.cells == 12
    with pytest.raises(
        CrossbarError, match=r"12 in all.* would take about .* MB .* may be used"
    ) as e:
        check_memory(x, limit=1e6)
    assert e.value.code == "too_large" and "\n" not in e.value.message


@pytest.mark.needs_ngspice
def test_the_estimate_comes_before_the_array_is_built():
    n = 1024
    x = Crossbar(rows=n, cols=n, card=ohmic(), w=np.ones((n, n)), voltages=np.ones(n), r_word=1.0)
    tracemalloc.start()
    with pytest.raises(CrossbarError, match="GB"):
        read_ngspice(x, memory=1e9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3e8


@pytest.mark.needs_ngspice
def test_no_result_in_time_is_an_error_that_keeps_the_deck(tmp_path):
    x = make(sinh())
    large = Crossbar(
        rows=32, cols=32, card=sinh(), w=np.ones((32, 32)), voltages=np.ones(32), r_word=1.0
    )
    with pytest.raises(SimulationError, match="no result within") as caught:
        read_ngspice(large, timeout=1e-3, keep=tmp_path, form="subcircuit")
    assert caught.value.code == "timeout" and list(tmp_path.glob("*.cir"))
    assert read_ngspice(x).currents.shape == (4,)


@pytest.mark.needs_ngspice
def test_interrupting_an_array_leaves_no_process():
    n = 48
    x = Crossbar(rows=n, cols=n, card=moving(), w=draw_states(n, n, 0), voltages=np.ones(n),
                 r_word=1.0, r_bit=1.0)  # fmt: skip
    long_run = write_pulse(scheme_voltages("v/2", n, n, [(0, 0)], 0.9), 1e-3, cycles=20)
    seen = []

    def heard(share):
        if not seen:  # the simulator is at work
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        seen.append(share)

    read_ngspice(make(sinh()))
    worker = ngspice._worker.process.pid
    with pytest.raises(KeyboardInterrupt):
        transient_ngspice(x, long_run, progress=heard)
    assert seen and seen[-1] < 1
    assert not Path(f"/proc/{worker}").exists()
    assert ngspice._worker.process.poll() is not None
    assert read_ngspice(make(sinh())).currents.shape == (4,)


def test_importing_the_arrays_loads_no_xarray():
    code = "import sys, netlists.crossbar; print('xarray' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
