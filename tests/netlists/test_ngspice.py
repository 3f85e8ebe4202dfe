"""ngspice in its own process: right results, honest errors, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from compactmodels.errors import InputError, SimulationError, ToolMissing
from netlists import ngspice, ngspice_results
from netlists.ngspice import Plot, run

needs_ngspice = pytest.mark.needs_ngspice
DIVIDER = "divider\nv1 in 0 dc 2 ac 1\nr1 in out 1k\nr2 out 0 3k\n"


def worker_pid() -> int:
    run(DIVIDER + ".op\n.end")
    assert ngspice._worker is not None
    return ngspice._worker.process.pid


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for_end(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# --- without a simulator ---------------------------------------------------------------------


def test_a_plot_says_what_it_holds() -> None:
    plot = Plot("op1", "op", {"out": np.ones(1), "v1#branch": np.ones(1)})
    assert plot["out"] == 1
    assert list(plot) == ["out", "v1#branch"]
    assert "out" in plot
    with pytest.raises(KeyError) as caught:
        plot["in"]
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == "plot 'op1' has no vector 'in': it has out, v1#branch"


def test_import_loads_no_pyspice_and_starts_nothing() -> None:
    code = (
        "import sys, netlists.ngspice as n;"
        "assert not any(name.split('.')[0] == 'PySpice' for name in sys.modules);"
        "assert n._worker is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ngspice._library.cache_clear()
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    try:
        with pytest.raises(ToolMissing, match="apt-get install ngspice libngspice0"):
            ngspice._library()
    finally:
        ngspice._library.cache_clear()


def test_missing_pyspice_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ngspice._library.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    try:
        with pytest.raises(ToolMissing, match="pip install PySpice"):
            ngspice._library()
    finally:
        ngspice._library.cache_clear()


@pytest.mark.parametrize(
    ("text", "value"),
    [("1u", 1e-6), ("10ms", 1e-2), ("2meg", 2e6), ("1e-3", 1e-3), (".5", 0.5), ("3s", 3.0)],
)
def test_spice_numbers(text: str, value: float) -> None:
    assert ngspice_results.number(text) == pytest.approx(value, rel=1e-15)


def test_an_expression_is_no_spice_number() -> None:
    assert ngspice_results.number("{q*2}") is None


def test_a_silent_gap_is_noticed() -> None:
    half = Plot("tran1", "tran", {"time": np.array([0.0, 5e-4])})
    asked = [["tran", "1u", "1m"]]
    verdict = ngspice_results.verdict([], [], [half], asked)
    assert verdict is not None
    assert verdict[0] == "no_convergence"
    assert "before its stop" in verdict[1]
    missing = ngspice_results.verdict([], [], [half], [["op"], *asked])
    assert missing is not None
    assert "1 .op asked for, 0" in missing[1]
    assert (
        ngspice_results.verdict([], ["Note: all is well"], [half], [["tran", "1u", "0.5m"]]) is None
    )


# --- analyses --------------------------------------------------------------------------------


@needs_ngspice
def test_pyspice_runs_it_with_the_library_mapped() -> None:
    pid = worker_pid()
    assert ngspice._worker is not None
    assert ngspice._worker.facts["class"] == "PySpice.Spice.NgSpice.Shared.NgSpiceShared"
    assert "libngspice" in Path(f"/proc/{pid}/maps").read_text()
    assert "libngspice" not in Path("/proc/self/maps").read_text()
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert b"OMP_WAIT_POLICY=passive" in environment


@needs_ngspice
def test_version_and_features() -> None:
    features = ngspice.features()
    assert ngspice.available()
    assert ngspice.version() == features.version
    assert str(features.version.major) in features.version.text
    # The distribution builds that we know: 39 has neither, from 42 on both.
    if features.version.major < 39 or features.version.major >= 42:
        assert features.klu == features.osdi == (features.version.major >= 42)


@needs_ngspice
def test_divider_op_and_dc() -> None:
    op, dc = run(DIVIDER + ".op\n.dc v1 0 4 0.5\n.end")
    assert (op.kind, dc.kind) == ("op", "dc")
    assert op["out"] == pytest.approx([1.5], rel=1e-9)
    assert op["v1#branch"] == pytest.approx([-5e-4], rel=1e-9)
    assert dc["v-sweep"] == pytest.approx(np.arange(0, 4.1, 0.5))
    assert dc["out"] == pytest.approx(0.75 * dc["v-sweep"], rel=1e-9, abs=1e-12)


@needs_ngspice
def test_rc_transient_against_the_analytic_solution() -> None:
    deck = "rc\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1u ic=0\n.tran 1u 5m 0 2u uic\n.end"
    (tran,) = run(deck)
    expected = 1 - np.exp(-tran["time"] / 1e-3)
    assert tran["out"].dtype == np.float64
    assert tran["time"][-1] == pytest.approx(5e-3)
    assert tran["out"] == pytest.approx(expected, abs=2e-6)


@needs_ngspice
def test_ac_against_the_analytic_solution() -> None:
    (ac,) = run("rc\nv1 in 0 ac 1\nr1 in out 1k\nc1 out 0 1u\n.ac dec 10 1 1e5\n.end")
    assert ac["frequency"].dtype == np.float64
    assert ac["out"].dtype == np.complex128
    assert ac["out"] == pytest.approx(1 / (1 + 2j * np.pi * ac["frequency"] * 1e-3), rel=1e-9)


@needs_ngspice
def test_analyses_come_in_the_order_of_the_deck() -> None:
    cards = ".tran 1u 1m\n.noise v(out) v1 dec 5 1 100\n.op\n.tran 1u 2m\n.ac dec 5 1 100\n.end"
    plots = run(DIVIDER + cards)
    assert [plot.kind for plot in plots] == ["tran", "noise", "noise", "op", "tran", "ac"]
    assert plots[0]["time"][-1] == pytest.approx(1e-3)
    assert plots[4]["time"][-1] == pytest.approx(2e-3)
    thermal = np.sqrt(4 * 1.380649e-23 * 300.15 * 750)
    assert plots[1]["onoise_spectrum"] == pytest.approx(thermal, rel=1e-4)
    assert "onoise_total" in plots[2]


@needs_ngspice
def test_numeric_nodes_and_device_vectors() -> None:
    (op,) = run("t\nV1 1 0 1\nR1 1 NodeB 1k\nR2 NodeB 0 1k\n.save all @r1[i]\n.op\n.end")
    assert op["1"] == 1
    assert op["nodeb"] == pytest.approx(0.5)
    assert op["@r1[i]"] == pytest.approx(5e-4)


@needs_ngspice
@pytest.mark.parametrize("deck", ["\nv1 a 0 1\n.op\n.end", "t\nv1 a 0 1\n.op\n"])
def test_blank_title_and_missing_end_are_forgiven(deck: str) -> None:
    (op,) = run(deck)
    assert op["a"] == 1


@needs_ngspice
def test_includes_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_pid()  # started elsewhere
    (tmp_path / "part.inc").write_text("v1 a 0 7\n.op\n")
    monkeypatch.chdir(tmp_path)
    (op,) = run("t\n.include part.inc\n.end")
    assert op["a"] == 7


@needs_ngspice
def test_harmless_notes_do_not_raise() -> None:
    # A node held by capacitors alone in .tran: gmin stepping talks, and there is a solution.
    deck = "t\nv1 a 0 1\nr1 a b 1k\nd1 b 0 dd\nd2 b c dd\nr2 c 0 1g\n.model dd d\n.op\n.end"
    (op,) = run(deck)
    assert 0.4 < op["b"][0] < 0.8


@needs_ngspice
def test_options_do_not_reach_the_next_deck() -> None:
    tran = ".tran 1u 1m\n.end"
    before = len(run(DIVIDER + tran)[0]["time"])
    run(DIVIDER + ".options interp temp=77\n.save v(out)\n" + tran)
    (plot,) = run(DIVIDER + tran)
    assert len(plot["time"]) == before
    assert "in" in plot


# --- failures --------------------------------------------------------------------------------

BAD = {
    "unknown subcircuit": ("x1 a 0 foo\n.op", "netlist_rejected", "unknown subckt"),
    "syntax": ("qwerty\n.op", "netlist_rejected", "valid modelname"),
    "unbalanced": ("b1 a 0 i=(v(a)*3\n.op", "netlist_rejected", "syntax error"),
    "unknown model": ("d1 a 0 dd\n.op", "netlist_rejected", "modelname"),
    "unknown function": ("b1 a 0 i=foo(v(a))\n.op", "netlist_rejected", "no such function 'foo'"),
    "undefined parameter": ("r2 a 0 {vv}\n.op", "netlist_rejected", r"(?i)undefined parameter"),
    "undefined in .func": ("r2 a 0 {foo(3)}\n.op", "netlist_rejected", "foo"),
    "missing include": (".include none.cir\n.op", "netlist_rejected", "none.cir"),
    "open subcircuit": (".subckt f a b\nr2 a b 1\n.op", "netlist_rejected", "subckt"),
    "too few nodes": (".subckt f a b\nr2 a b 1\n.ends\nx1 a f\n.op", "netlist_rejected", "Too few"),
    "duplicate device": ("r1 a 0 2\n.op", "netlist_rejected", "already exists"),
    "unknown card": (".foo bar\n.op", "netlist_rejected", "unimplemented"),
    "unknown source": (".dc v9 0 1 0.1", "netlist_rejected", '"v9" is not in the circuit'),
    "second of two": (".op\n.dc v9 0 1 0.1", "netlist_rejected", '"v9" is not in the circuit'),
    "noise without ac": (".noise v(a) v1 dec 5 1 10", "netlist_rejected", "ac input not found"),
    "nothing saved": (".save v(nope)\n.op", "netlist_rejected", "no data saved"),
    "failed measure": (".tran 1u 1m\n.meas tran y when v(a)=9", "netlist_rejected", "failed"),
    "no analysis": ("r2 a 0 1", "netlist_rejected", "No job"),
    "control block": (".control\nop\n.endc", "netlist_rejected", "control"),
    "two sources": ("v2 a 0 2\n.op", "no_convergence", "singular matrix|imestep too small"),
    "floating node": ("i1 0 x 1n\nc1 x 0 1\n.op", "no_convergence", "singular matrix"),
    "timestep": (
        "c1 b 0 1\nr2 a b 1\nb1 b 0 i=exp(v(b)*100)*sgn(v(b)-0.5)*1e20\n.ic v(b)=0\n.tran 1u 1",
        "no_convergence",
        "Timestep too small",
    ),
    "sinh": ("v2 q 0 1e4\nb1 q 0 i=sinh(v(q))\n.op", "no_convergence", "Timestep too small"),
    "early stop": (
        ".options autostop\n.tran 1u 1m\n.meas tran y find v(a) at=0.1m",
        "no_convergence",
        "before its stop at 0.001 s",
    ),
    "early stop, expression": (
        ".param q=1m\n.options autostop\n.tran 1u {2 * q}\n.meas tran y find v(a) at=0.1m",
        "no_convergence",
        "before its stop at 0.002 s",
    ),
}


@needs_ngspice
@pytest.mark.parametrize(("body", "code", "words"), BAD.values(), ids=list(BAD))
def test_bad_decks_say_why_and_harm_nobody(
    body: str, code: str, words: str, tmp_path: Path
) -> None:
    deck = f"bad deck\nv1 a 0 1\nr1 a 0 1\n{body}\n.end\n"
    with pytest.raises(SimulationError, match=words) as caught:
        run(deck, keep=tmp_path)
    assert caught.value.code == code
    assert str(tmp_path / "bad-deck.cir") in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad-deck.cir"]
    assert (tmp_path / "bad-deck.cir").read_text() == deck
    (op,) = run(DIVIDER + ".op\n.end")
    assert op["out"] == pytest.approx([1.5])


@needs_ngspice
def test_killed_between_runs_is_not_noticed() -> None:
    pid = worker_pid()
    os.kill(pid, signal.SIGKILL)
    assert wait_for_end(pid)
    assert worker_pid() != pid


ENDLESS = (
    "endless\nv1 a 0 sin(0 1 1meg)\nr1 a b 1k\nc1 b 0 1n\n.tran 1n 1000 0 1n\n.save v(b)\n.end"
)


@needs_ngspice
def test_killed_during_a_run(tmp_path: Path) -> None:
    pid = worker_pid()
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(SimulationError, match="signal 9") as caught:
        run(ENDLESS, keep=tmp_path)
    assert caught.value.code == "simulator_died"
    assert worker_pid() != pid


@needs_ngspice
def test_timeout_ends_the_worker(tmp_path: Path) -> None:
    pid = worker_pid()
    with pytest.raises(SimulationError, match=r"within 0\.3 s") as caught:
        run(ENDLESS, timeout=0.3, keep=tmp_path, title="my job")
    assert caught.value.code == "timeout"
    assert (tmp_path / "my-job.cir").exists()
    assert not alive(pid)
    assert worker_pid() != pid


PARENT = """
    import sys, threading
    from netlists import ngspice
    ngspice.run("t\\nv1 a 0 1\\n.op\\n.end")
    print(ngspice._worker.process.pid, flush=True)
    ngspice.run({deck!r}) if {busy} else sys.stdin.read()
"""


@needs_ngspice
@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_orphan_outlives_its_parent(busy: bool, how: signal.Signals) -> None:
    code = textwrap.dedent(PARENT).format(deck=ENDLESS, busy=busy)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        assert alive(pid)
        parent.send_signal(how)
        parent.wait(5)
        assert wait_for_end(pid)


@needs_ngspice
def test_interrupt_ends_the_run_and_the_next_one_works() -> None:
    code = f"""
        import os, signal, threading
        from netlists import ngspice
        ngspice.features()
        pid = ngspice._worker.process.pid
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            ngspice.run({ENDLESS!r})
        except KeyboardInterrupt:
            assert not os.path.exists(f"/proc/{{pid}}")
            print(ngspice.run("t\\nv1 a 0 5\\n.op")[0]["a"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.stdout == "[5.]\n", done.stderr


@needs_ngspice
def test_a_library_that_is_none_is_a_missing_tool() -> None:
    code = """
        from compactmodels.errors import ToolMissing
        from netlists import ngspice
        assert not ngspice.available()
        try:
            ngspice.version()
        except ToolMissing as error:
            print(error)
    """
    environment = {**os.environ, "NGSPICE_LIBRARY_PATH": "nowhere/libngspice.so"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "apt-get install" in done.stdout
    assert done.stderr == ""


@needs_ngspice
def test_a_forked_child_gets_a_worker_of_its_own() -> None:
    pid = worker_pid()
    child = os.fork()
    if child == 0:  # no assertion may escape into the copy of the test run
        other = worker_pid()
        ngspice._stop_worker()
        os._exit(0 if other != pid else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert worker_pid() == pid


@needs_ngspice
def test_threads_take_turns_and_outlive_their_starter() -> None:
    ngspice._stop_worker()
    results: dict[int, float] = {}

    def job(value: int) -> None:
        results[value] = float(run(f"t\nv1 a 0 {value}\n.op\n.end")[0]["a"][0])

    threads = [threading.Thread(target=job, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {value: value for value in range(8)}
    pid = worker_pid()
    time.sleep(0.4)
    assert worker_pid() == pid


@needs_ngspice
def test_two_hundred_runs_do_not_grow() -> None:
    deck = DIVIDER + ".tran 1u 1m\n.op\n.end"
    for _ in range(20):
        run(deck)
    pid = worker_pid()
    before = resident(pid)
    for _ in range(200):
        run(deck)
    assert worker_pid() == pid
    assert resident(pid) - before < 2 * 1024**2
