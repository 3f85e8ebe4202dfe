"""How large may my array be? From measured pulses of a TaOx ReRAM to a number and a figure."""

from pathlib import Path

import numpy as np

from compactmodels.workflows.mapping import Lines
from compactmodels.workflows.mapping_report import report_mapping
from compactmodels.workflows.studies import run_study, write
from fitting import fit_plasticity

# 1. The measurement: read currents at 0.1 V after each of some 190 pulses up and 150 down, 12 times.
fit = fit_plasticity(
    ["examples/taox_set.csv", "examples/taox_reset.csv"],
    "ltp",
    read_voltage=0.1,
    amplitude=1.0,
    width=1e-6,
)
card = fit.card("taox")
low, high = card.synapse.limits
print(f"conductance            {1e3 * low:.2f} to {1e3 * high:.2f} mS")

# 2. The number: lines at which no output is wrong by more than 5 %, for several wires.
ohms = (0.01, 0.03, 0.1, 0.3, 1.0)
found = run_study("largest", card, values=ohms, limit=0.05)
print("ohm a segment   lines   closed form")
for row in found.rows:
    lines, form = row.mean["lines_all_on"], row.mean["lines_estimate"]
    print(f"{row.value:13g}   {lines:5.0f}   {form:11.0f}")

# 3. The figure, and every number as a table.
write(found, card, Path("out"))

# 4. What a mapping that knows the lines makes of 32 x 32 cells at 0.3 ohm.
weights = np.random.default_rng(0).standard_normal((16, 32))
told = report_mapping(weights, card, lines=Lines(r_word=0.3, r_bit=0.3)).document()
print(f"error of y = W x       {100 * told['before']['error']:.1f} % as mapped")
print(f"                       {100 * told['before']['error_after_gain']:.1f} % after one gain")
print(f"                       {100 * told['after']['error']:.2f} % compensated")
