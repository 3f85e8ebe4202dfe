"""What breaks recognition: what is changed is what is said, and nothing else; what is written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from compactmodels.errors import InputError
from compactmodels.nonlinearity import alpha_of_nl
from compactmodels.synapse import RampNoise, Synapse, Train
from compactmodels.workflows.recognition.breaking import (
    broken,
    check,
    drawn,
    knows,
    named,
    table,
    write,
)
from compactmodels.workflows.recognition.breaks import (
    BREAKS,
    Case,
    case_of,
    of_window,
    with_ratio,
    with_shape,
)
from compactmodels.workflows.recognition.device import ideal, of_synapse
from compactmodels.workflows.recognition.images import bundled
from compactmodels.workflows.recognition.settings import Hardware, Network

SMALL = bundled().first(300, 150)
BRIEF = Network(hidden=12, epochs=2)
DEVICE = ideal(32, 1e-6, 1e-5)
BASE = Case(DEVICE, Network(hidden=12, epochs=2), Hardware())


def test_each_study_changes_its_own_thing_only() -> None:
    for name, study in BREAKS.items():
        curve = list(study.curves)[-1]
        one, other = (case_of(study, BASE, curve, v) for v in study.values[-2:])
        same = one.network == other.network, one.hardware == other.hardware
        if name == "array-size":
            assert same == (False, True) and other.network.hidden == 288
        elif name == "non-linearity":
            assert same == (True, True) and one.device is not other.device
        elif name == "on-off":
            assert one.device.law.high == pytest.approx(other.device.law.high)
            assert same == (True, True)  # ohms follow Gmax, which stays
        else:
            assert same == (True, False) and one.device is other.device is DEVICE
        assert study.name == name and len(study.curves) < 5  # and floating point beside


@pytest.mark.parametrize("nl", [0.0, 2.5, 6.0])
def test_the_label_is_that_of_both_directions(nl: float) -> None:
    """From where the pulses are, not from the shape: the curve's distance from its chord, Chen et al. 2017."""
    device = with_shape(DEVICE, alpha_of_nl(nl))
    for train in device.synapse.trains.values():
        g = train.run(train.g_start, round(train.pulses))
        share = np.concatenate([[0.0], (g - train.g_start) / (train.g_end - train.g_start)])
        assert share[-1] == pytest.approx(1.0)
        assert np.all(np.diff(share) > 0.0)
        assert train.nl == pytest.approx(nl, abs=1e-6)
        # an exponential's pulses shrink by one factor
        steps = np.diff(share)
        assert steps[1:] / steps[:-1] == pytest.approx(
            np.full(steps.size - 1, np.exp(-alpha_of_nl(nl) / train.pulses)), rel=1e-6
        )


def test_a_ratio_moves_the_lower_end_and_leaves_the_law() -> None:
    noise = RampNoise(white=9e-8, walk=1.8e-7)
    synapse = Synapse(
        Train(1e-6, 1e-5, 2.0, 1.0, 20.0, noise), Train(1e-5, 1e-6, 3.0, -1.0, 30.0, noise)
    )
    device = of_synapse(synapse)
    other = with_ratio(device, 1.25)
    assert (other.law.low, other.law.high) == pytest.approx((8e-6, 1e-5))
    assert other.law.up.state == pytest.approx(device.law.up.state, abs=1e-9)
    assert other.law.down.spent == pytest.approx(device.law.down.spent, abs=1e-6)
    assert other.read_noise == pytest.approx(device.read_noise)
    assert other.cycle_spread == pytest.approx(device.cycle_spread)
    # 2 % of 9e-6 S over a window of 2e-6 S
    assert of_window(other, 0.02) == pytest.approx(0.09)
    with pytest.raises(InputError, match="on/off ratio of 1 cannot be"):
        with_ratio(device, 1.0)


def test_what_breaks_and_what_does_not() -> None:
    """A pair subtracts what a small ratio leaves; noise of the conductance it does not."""
    wide, narrow = 100.0, 1.05
    study = BREAKS["on-off"]
    found = broken(study, DEVICE, SMALL, BRIEF, values=(wide, narrow), seeds=2)
    by = {(row.curve, row.value): row for row in found.rows}
    alone, noisy = list(study.curves)[:2]
    assert by[alone, wide].mean == pytest.approx(by[alone, narrow].mean, abs=0.01)
    assert by[noisy, wide].mean > by[noisy, narrow].mean + 0.1
    lines = broken(
        BREAKS["line-resistance"], DEVICE, SMALL, BRIEF, values=(1e-5, 1e-1), curves=["by pulses"]
    )
    first, last = lines.rows
    assert first.line_resistance == pytest.approx(1.0)  # ohm, of 10 uS
    assert first.mean > last.mean + 0.1


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    study = BREAKS["stuck"]
    found, again = (
        broken(study, DEVICE, SMALL, BRIEF, values=(0.0, 0.2), seeds=2, seed=3) for _ in range(2)
    )
    assert table(found) == table(again)
    other = broken(study, DEVICE, SMALL, BRIEF, values=(0.0, 0.2), seeds=2, seed=4)
    assert table(other) != table(found)
    paths = write(found, tmp_path)
    assert {p.suffix for p in paths} >= {".csv", ".png", ".svg"}
    rows = list(csv.DictReader(paths[0].read_text().splitlines()))
    assert len(rows) == 2 * 2 * 2
    mean = np.mean([float(r["accuracy"]) for r in rows[:2]])
    assert mean == pytest.approx(found.rows[0].mean)
    document = found.document()
    assert document["rows"][0]["accuracy"]["mean"] == pytest.approx(mean)
    assert document["axis"] == "stuck" and document["seeds"] == 2
    labels = [text.get_text() for text in drawn(found).legends[0].get_texts()]
    assert labels == ["by pulses", "written and verified", "floating point"]


def test_refusals() -> None:
    assert [s.name for s in named(["drift", "levels"])] == ["levels", "drift"]
    assert len(named(["all"])) == len(BREAKS) == 10
    with pytest.raises(InputError, match="did you mean 'non-linearity'"):
        named(["nonlinearity"])
    for name in ("forgetting", "drift"):
        assert not knows(BREAKS[name], DEVICE)
        with pytest.raises(InputError, match="nothing is known of how 'linear, 32 levels' forgets"):
            check(BREAKS[name], DEVICE, Network(), Hardware())
    with pytest.raises(InputError, match="leave --stuck out"):
        check(BREAKS["stuck"], DEVICE, Network(), Hardware(stuck=0.1))
    with pytest.raises(InputError, match="leave --read-noise out"):
        check(BREAKS["on-off"], DEVICE, Network(), Hardware(read_noise=0.1))
    check(BREAKS["levels"], DEVICE, BRIEF, Hardware(stuck=0.1))
    # what would fail at a later curve is refused before the first
    through = Hardware(line_resistance=1.0, train_through_lines=True)
    with pytest.raises(InputError, match=r"study stuck, 'written and verified': .* cannot be"):
        check(BREAKS["stuck"], DEVICE, Network(), through)
    with pytest.raises(InputError, match=r"study levels, 'by pulses': .* levels that are not"):
        check(BREAKS["levels"], DEVICE, Network(), Hardware(interval=1.0))
    with pytest.raises(InputError, match="study on-off changes the law of the pulses"):
        check(BREAKS["on-off"], DEVICE, Network(), Hardware(interval=1.0))
    with pytest.raises(InputError, match="larger than the network"):
        check(BREAKS["stuck"], DEVICE, Network(), Hardware(array=(99, 98)))
