"""Six perovskites, one law: each forgets by its own power law of time."""

import numpy as np

from compactmodels import load_card
from compactmodels.workflows.reproduction.lab import read_at
from compactmodels.workflows.reproduction.published import paper
from netlists import simulate

source = paper("ohp")
train = source.protocol("train")
table = source.facts["ohp.retention"].value

print("card       b        m       published b and m")
for k, name in enumerate(("ohp-n1", "ohp-n2", "ohp-n3", "ohp-n4", "ohp-n5", "ohp-3d")):
    card = load_card(name)
    record = simulate(card, train)
    base = float(card.model.current(-0.1, card.values))
    foot = train.pulses[-1].stop
    later = np.geomspace(0.1, 15.0, 60)
    excess = read_at(card, record, foot + later, -0.1) - base
    top = float(read_at(card, record, foot, -0.1)) - base
    slope, level = np.polyfit(np.log(later), np.log(excess / top), 1)
    published = f"{table['b'][k]:.4g}, {table['m'][k]:.4g}"
    print(f"{name:8s} {np.exp(level):8.4g} {-slope:8.4g}   {published}")
