"""Physical constants (SI, CODATA 2018/2022) and the toolkit's conventions, in one place.

Every simulator is handed these numbers; none uses its own.
"""

from __future__ import annotations

import math
from typing import Final

ELEMENTARY_CHARGE: Final = 1.602176634e-19
"""C, exact."""
BOLTZMANN: Final = 1.380649e-23
"""J/K, exact."""
PLANCK: Final = 6.62607015e-34
"""J s, exact."""
HBAR: Final = PLANCK / (2 * math.pi)
"""J s."""
ELECTRON_MASS: Final = 9.1093837015e-31
"""kg, CODATA 2018."""
VACUUM_PERMITTIVITY: Final = 8.8541878128e-12
"""F/m, CODATA 2018."""
RICHARDSON: Final = 4 * math.pi * ELEMENTARY_CHARGE * ELECTRON_MASS * BOLTZMANN**2 / PLANCK**3
"""A m^-2 K^-2: A0 of the free electron, 120.17 A cm^-2 K^-2."""

ROOM_TEMPERATURE: Final = 300.15
"""K: the default everywhere, ngspice's own 27 C."""
ZERO_CELSIUS: Final = 273.15
"""K."""
