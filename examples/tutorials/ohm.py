"""Pavlov's dog in an organic heterojunction: a bell that is heard with food is enough by itself later."""

from compactmodels import load_card
from compactmodels.workflows.reproduction.lab import current_at, top_of
from compactmodels.workflows.reproduction.published import paper
from netlists import simulate

source = paper("ohm")
card = load_card("ohm")
threshold = source.facts["ohm.pavlov"].published("threshold")

# A fresh device carries 2 uA at 10 V: it is potentiated before, by half of the paper's sweeps.
before = simulate(card, source.protocol("set_sweeps", cycles=79))
rested = simulate(card, source.protocol("rest"), w0=before.w[-1], s0=before.s[-1])

protocol = source.protocol("pavlov")
record = simulate(card, protocol, w0=rested.w[-1], s0=rested.s[-1])
heard = {"bell, before": 1, "food": 2, "bell after 20 pairings": -2, "bell half an hour later": -1}
for what, pulse in heard.items():
    size = abs(float(current_at(record, top_of(protocol, pulse))))
    print(f"{what:24s} {1e3 * size:6.3f} mA  {'answers' if size > threshold else 'no answer'}")
