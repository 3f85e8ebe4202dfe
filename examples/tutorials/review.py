"""The HP memristor: a loop that is pinched at the origin and shrinks as the frequency rises."""

import numpy as np

from compactmodels import load_card
from compactmodels.protocols import sweep
from netlists import simulate

card = load_card("hp")

for frequency in (1.0, 2.0, 4.0, 8.0):
    loop = simulate(card, sweep(v_max=1.0, v_min=-1.0, rate=4.0 * frequency), w0=0.1)
    area = abs(np.trapezoid(loop.current, loop.voltage))
    at_zero = np.max(np.abs(loop.current[np.abs(loop.voltage) < 1e-9]), initial=0.0)
    print(f"{frequency:3.0f} Hz: area {1e6 * area:7.3f} uV A, current at 0 V {at_zero:.1e} A")
