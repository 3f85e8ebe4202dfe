"""Batches: order, sameness, and what one bad source does to the others: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from compactmodels.data import Trace
from compactmodels.errors import InputError, JobError
from fitting import fit_decay_many, fit_iv_many
from fitting.batch import cores, run_batch
from fitting.result import Refusal

REPOSITORY = Path(__file__).resolve().parents[2]


def sweeps(count: int) -> list[Trace]:
    v = np.linspace(0.05, 1.0, 40)
    rng = np.random.default_rng(0)
    return [
        Trace(None, v, 1e-6 * (k + 1) * v * (1 + 0.01 * rng.standard_normal(40)), 300.0)
        for k in range(count)
    ]


def answer(source: int) -> list[int | Refusal]:
    """What a worker does with the sources of these tests."""
    if source == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if source == 4:
        raise MemoryError
    if source == 5:
        raise KeyError("r_s")
    if source == 6:
        raise OSError(5, "Input/output error")
    if source == 7:
        raise ZeroDivisionError("division by zero")
    if source == 8:
        raise InputError("not today", code="odd")
    if source == 9:
        sys.exit("enough")
    time.sleep(0.02 * (source % 3))  # they finish in another order than they began
    return [source, 10 * source]


class Named(int):
    """A number that passes for a path."""

    def __fspath__(self) -> str:
        return f"{int(self)}.csv"


def test_a_bad_source_is_listed_and_the_rest_goes_on_in_order():
    done: list[tuple[int, int]] = []
    found = run_batch(
        answer,
        [Named(k) for k in range(12)],
        jobs=2,
        progress=lambda now, whole: done.append((now, whole)),
    )
    codes = {r.file: r.code for r in found if isinstance(r, Refusal)}
    assert codes == {
        "3.csv": "worker_died",
        "4.csv": "memory",
        "5.csv": "fault",
        "6.csv": "system",
        "7.csv": "bad_numbers",
        "8.csv": "odd",
        "9.csv": "worker_died",
    }
    assert [r for r in found if not isinstance(r, Refusal)] == [
        x for k in (0, 1, 2, 10, 11) for x in (k, 10 * k)
    ]
    refused = {r.file: r.message for r in found if isinstance(r, Refusal)}
    assert "signal 9" in refused["3.csv"]
    assert "enough" in refused["9.csv"]
    assert "KeyError: 'r_s'; test_batch.py, line" in refused["5.csv"]
    assert done[0] == (0, 12) and done[-1] == (12, 12)
    assert [now for now, _ in done] == sorted(now for now, _ in done)


def test_one_process_gives_the_same():
    sources = [Named(k) for k in (0, 4, 5, 6, 7, 8, 11)]
    alone, several = (run_batch(answer, sources, jobs=n) for n in (1, 2))
    assert [r.code if isinstance(r, Refusal) else r for r in alone] == [
        r.code if isinstance(r, Refusal) else r for r in several
    ]


def test_fits_are_the_same_on_two_processes(tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text("nothing to see\n")
    sources = [*sweeps(3), str(broken), str(tmp_path / "absent.csv")]
    alone, several = (fit_iv_many(sources, "ohmic", jobs=n) for n in (1, 2))
    assert [r.to_json() for r in alone] == [r.to_json() for r in several]
    assert [isinstance(r, Refusal) for r in several] == [False] * 3 + [True] * 2
    assert all(np.array_equal(a.model, b.model) for a, b in zip(alone[:3], several[:3]))


def test_decays_too():
    t = np.linspace(0, 3, 60)
    records = [Trace(t, None, 1e-9 + 5e-9 * np.exp(-t / tau)) for tau in (0.3, 0.6)]
    alone, several = (fit_decay_many(records, "exponential", jobs=n) for n in (1, 2))
    assert [r.to_json() for r in alone] == [r.to_json() for r in several]


def test_jobs_are_checked():
    with pytest.raises(InputError, match="0 jobs were asked for"):
        run_batch(answer, [Named(0)], jobs=0)
    assert run_batch(answer, [], jobs=None) == []
    assert cores() >= 1


def test_a_worker_that_cannot_start_is_an_error_not_a_refusal(monkeypatch):
    monkeypatch.setattr(
        "fitting.batch.subprocess.Popen",
        lambda command, **more: _popen(
            [command[0], "-c", "raise SystemExit('no fitting here')"], **more
        ),
    )
    with pytest.raises(JobError, match="no fitting here") as caught:
        run_batch(answer, [Named(0), Named(1)], jobs=2)
    assert caught.value.code == "no_worker"


_popen = subprocess.Popen

INTERRUPTED = """
import sys, time
from fitting.batch import run_batch
from tests.fitting.test_batch import Named, sleepy
sys.stderr.write("begun\\n"); sys.stderr.flush()
run_batch(sleepy, [Named(k) for k in range(8)], jobs=2, progress=lambda a, b: print(a, flush=True))
"""


def sleepy(source: int) -> list[int | Refusal]:
    """Leaves its process's number where the test finds it, then takes its time."""
    folder = Path(os.environ["SLEEPY"])
    (folder / str(os.getpid())).touch()
    time.sleep(60)
    return [source]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_batch_leaves_no_process(tmp_path, how):
    parent = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=REPOSITORY,
        env={**os.environ, "SLEEPY": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: len(list(tmp_path.iterdir())) == 2)
        parent.send_signal(how)
        parent.wait(timeout=20)
    finally:
        parent.kill()
        parent.wait()
    workers = [int(p.name) for p in tmp_path.iterdir()]
    _until(lambda: not any(map(_alive, workers)))


def _until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
