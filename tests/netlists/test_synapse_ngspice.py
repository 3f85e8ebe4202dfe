"""The synapse as emitted, in ngspice, over a train of pulses: within 0.01 decades of the integrator."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.integrate import respond
from compactmodels.protocols import pulses
from netlists import simulate
from tests.core.test_synapse import card, synapse

pytestmark = pytest.mark.needs_ngspice


@pytest.mark.parametrize(("volts", "w0"), [(1.0, 0.0), (-1.0, 1.0)])
def test_a_train_of_pulses(volts, w0):
    device = card(synapse(dwell=0.3))
    protocol = pulses(amplitude=volts, width=1e-6, gap=1e-6, number=12, base=0.1)
    expected = respond(device, protocol, w0=w0, points=8)
    found = simulate(device, protocol, w0=w0)
    reads = np.array([p.stop + 0.5e-6 for p in protocol.pulses])
    i, j = (np.interp(reads, r.time, r.current) for r in (found, expected))
    assert np.all(i > 0) and np.ptp(j) > 0.2 * j.max()
    assert np.max(np.abs(np.log10(i / j))) < 0.01
    # and tighter: what is left is ngspice's own time step
    assert np.max(np.abs(i - j)) < 2e-3 * np.ptp(j)
