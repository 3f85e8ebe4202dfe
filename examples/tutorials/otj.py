"""The letters C, H and N on an oxide tunnel junction: all legible at once, one of them 500 s later."""

from compactmodels import load_card
from compactmodels.protocol_sequence import sequence
from compactmodels.workflows.reproduction.lab import read_at
from compactmodels.workflows.reproduction.published import paper
from netlists import simulate

source = paper("otj")
card = load_card("otj")
fresh = float(card.model.current(0.1, card.values))  # the pristine device at 0.1 V

print("current at 0.1 V over that of the pristine device")
print("letter   0.1 us      25 us      500 s   time points")
for letter in "CHN":
    training = source.protocol(f"letter_{letter}")
    record = simulate(card, sequence([training, source.protocol("hold")]))
    end = training.pulses[-1].stop
    moments = [end + 1e-7, end + 25e-6, record.time[-1]]
    now, soon, late = read_at(card, record, moments, 0.1) / fresh
    print(f"{letter}      {now:8.2f}   {soon:8.2f}   {late:8.2f}   {record.time.size:8d}")
