"""Forgetting after 25 pulses on MoSe2: the stronger the stimulus, the longer the memory."""

import numpy as np

from compactmodels import load_card
from compactmodels.data import Trace
from compactmodels.workflows.reproduction.lab import read_at
from compactmodels.workflows.reproduction.published import paper
from fitting import fit_decay
from netlists import simulate

source = paper("mose2")
card = load_card("mose2")
rng = np.random.default_rng(0)

for volts, train in source.over("forgetting"):
    record = simulate(card, train)
    later = np.linspace(0.01, 3.0, 2500)
    current = read_at(card, record, train.pulses[-1].stop + later, 1.5)
    noisy = current * (1 + 0.03 * rng.standard_normal(later.size))
    found = fit_decay(Trace(later, None, noisy, meta={"signal_unit": "A"}), "exponential")
    tau = found.parameters["tau"]
    published = source.facts["mose2.forgetting.tau"].published(f"at_{volts:.0f}V")
    print(f"{volts:.0f} V: tau {1e3 * tau.value:.0f} ms (published {1e3 * published:.0f} ms)")
