"""Sweeps: any executor, the same bytes, and nothing lost when one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from compactmodels import load_card
from compactmodels.errors import CompactModelsError, InputError
from compactmodels.workflows.studies import Setting, run_study, sweep
from compactmodels.workflows.studies import run as runs
from compactmodels.workflows.studies.catalogue import STUDIES

CARD = load_card("hp")
SETTINGS = {"values": (4, 6, 8), "line_resistance": 2.0}


def rows(**options):
    return runs.table(run_study("size", CARD, **SETTINGS, **options))


def test_the_same_bytes_on_any_executor():
    alone = rows(processes=1)
    assert rows(processes=2) == alone
    with ThreadPoolExecutor(3) as pool:
        assert rows(executor=pool) == alone
    assert rows(processes=1, seed=1) != alone


@pytest.mark.slow
def test_dask_runs_a_sweep(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert rows(executor=client.get_executor()) == rows(processes=1)


def test_what_is_kept_is_not_measured_again(tmp_path, monkeypatch):
    store = tmp_path / "points.jsonl"
    first = rows(processes=1, store=store)
    lines = store.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    store.write_text(lines[0] + lines[1] + lines[2][:20])  # killed while it wrote the third
    measured = []
    study = STUDIES["size"]

    def counted(card, setting):
        measured.append(setting.size)
        return study.measure(card, setting)

    monkeypatch.setattr(
        "compactmodels.workflows.studies.catalogue.STUDIES",
        {**STUDIES, "size": replace(study, measure=counted)},
    )
    assert rows(processes=1, store=store) == first
    assert measured == [json.loads(lines[2])["found"] and 8]
    assert len(store.read_text().splitlines()) == 3


def test_another_card_or_setting_is_another_point(tmp_path):
    store = tmp_path / "points.jsonl"
    rows(processes=1, store=store)
    run_study("size", CARD, values=(4,), line_resistance=3.0, processes=1, store=store)
    other = CARD.with_values({"on_g": 0.02}, "assumed") if "on_g" in CARD.values else None
    assert len(store.read_text().splitlines()) == 4
    if other is not None:
        run_study("size", other, values=(4,), line_resistance=3.0, processes=1, store=store)
        assert len(store.read_text().splitlines()) == 5


@pytest.mark.slow
def test_a_killed_study_goes_on(tmp_path):
    """Killed without warning after its first points; what they found is in the end's table."""
    command = [sys.executable, "-P", "-m", "compactmodels", "study", "size", "hp"]
    command += ["--values", "4,6,8,10,12,14,400,410,420,430,440", "--jobs", "1", "-o"]
    store = tmp_path / "a" / "hp-study-size.points.jsonl"
    running = subprocess.Popen(
        [*command, str(tmp_path / "a")], stdout=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not (store.exists() and store.read_text().count("\n") >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = store.read_text().splitlines()
    for folder in ("a", "b"):
        subprocess.run(
            [*command, str(tmp_path / folder)], check=True, stdout=subprocess.DEVNULL, timeout=300
        )
    tables = [(tmp_path / f / "hp-study-size.csv").read_bytes() for f in ("a", "b")]
    assert tables[0] == tables[1]
    assert store.read_text().splitlines()[: len(kept) - 1] == kept[: len(kept) - 1]


def test_a_failure_leaves_what_was_done(tmp_path):
    store = tmp_path / "points.jsonl"
    with pytest.raises(CompactModelsError, match="ratio"):
        run_study("on-off", CARD, values=(2.0, 1e9), size=4, processes=1, store=store)
    assert len(store.read_text().splitlines()) == 1


def test_progress_begins_with_what_is_kept(tmp_path):
    store = tmp_path / "points.jsonl"
    rows(processes=1, store=store)
    seen = []
    rows(processes=1, store=store, progress=lambda done, whole: seen.append((done, whole)))
    assert seen == [(3, 3)]


def test_a_file_that_is_no_store(tmp_path):
    store = tmp_path / "points.jsonl"
    store.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no store of a study"):
        rows(processes=1, store=store)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_what_it_draws(name):
    """At its smallest: numbers of all outputs and their closed forms, and a figure."""
    study = STUDIES[name]
    own = {"size": 4.0, "cycles": 1.0, "layers": 4.0}.get(study.axis, float(study.values[0]))
    more = {} if study.axis == "size" else {"size": 8 if name == "layers" else 4}
    if name == "disturb":
        more |= {"write_voltage": 1.0}
    found = run_study(name, CARD, values=[own], repeats=1, processes=1, **more)
    for output in study.outputs.values():
        assert not output.estimate or output.estimate in found.rows[0].mean
    for key in study.outputs:
        assert key in found.rows[0].mean
    runs.drawn(found)


def test_repeats_have_a_spread():
    found = run_study("variation", CARD, values=(0.1,), size=4, processes=1)
    assert found.repeats == 5
    each = [e["error_devices"] for e in found.rows[0].each]
    assert len(set(each)) == 5
    assert found.rows[0].spread["error_devices"] > 0


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("sise", {}, "did you mean 'size'"),
        ("size", {"values": (4.5,)}, "whole number"),
        ("size", {"values": ()}, "one value at least"),
        ("size", {"size": 8}, "--values 8"),
        ("size", {"repeats": 0}, "repeats is 0"),
        ("largest", {"limit": 1.5}, "limit 1.5"),
    ],
)
def test_what_no_study_can_have(name, options, sentence):
    with pytest.raises(InputError, match=sentence):
        run_study(name, CARD, processes=1, **options)


def test_the_key_knows_the_version(monkeypatch):
    one = sweep.point("size", CARD, Setting()).key
    monkeypatch.setattr(sweep, "__version__", "9.9")
    assert sweep.point("size", CARD, Setting()).key != one
