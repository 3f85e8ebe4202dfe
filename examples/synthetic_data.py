"""Make the synthetic curves that the package ships, from the papers' published laws.

    python examples/synthetic_data.py [FOLDER]

The laws are evaluated at 40 digits by the tests' oracle, not by the package's own equations; 3 %
noise from a fixed seed.  Every file says in its name and in its first lines that it is synthetic.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.fitting import oracle

FOLDER = Path(__file__).resolve().parents[1] / "compactmodels" / "measurements"
NOISE, SEED = 0.03, 20261120
AREA = np.pi * (10e-6) ** 2


def noisy(values: np.ndarray, seed: int) -> np.ndarray:
    return values * (1 + NOISE * np.random.default_rng(seed).standard_normal(values.size))


def write(folder: Path, name: str, law: str, columns: dict[str, np.ndarray]) -> None:
    head = [
        f"# SYNTHETIC, no measurement: {law}",
        f"# {NOISE:.0%} multiplicative noise, seed {SEED}; made by examples/synthetic_data.py",
        ",".join(columns),
    ]
    rows = [",".join(f"{x:.9g}" for x in row) for row in zip(*columns.values(), strict=True)]
    (folder / f"synthetic_{name}.csv").write_text("\n".join(head + rows) + "\n", "utf-8")


def main(folder: Path = FOLDER) -> None:
    volts = np.linspace(-0.3, 0.3, 121)
    volts = volts[np.abs(volts) > 1e-9]
    otj = "Pt/SrTiO3/Nb:SrTiO3 tunnel junction (doi:10.1021/acsami.9b13434)"
    current = oracle.direct_tunneling(volts, 0.41, 0.35, 2.8e-9, 1.0, AREA)
    law = f"{otj}, LRS: direct tunnelling, barriers 0.41 and 0.35 eV, 2.8 nm, 300.15 K"
    columns = {"Voltage (V)": volts, "Current (A)": noisy(current, SEED)}
    write(folder, "otj_lrs_iv", law, columns)

    area = 4.0e-12  # an effective area: the full electrode would read 2 Mohm, not 180
    current = oracle.schottky_emission(volts, 0.55, 100.0, 2.8e-9, area, 300.15)
    law = (
        f"{otj}, HRS: thermionic emission over an image-force barrier, 0.55 eV; permittivity 100 and "
        f"effective area {area:.3g} m^2 are assumed; 300.15 K"
    )
    columns = {"Voltage (V)": volts, "Current (A)": noisy(current, SEED + 1)}
    write(folder, "otj_hrs_iv", law, columns)

    time = np.linspace(0.2e-6, 30e-6, 120)
    current = oracle.exponential(time, 6e-10, 2.5e-8, 6e-6)
    law = (
        f"{otj}, short-term memory: I0 + A exp(-t/tau); tau = 6 us is assumed, the law is published"
    )
    write(folder, "otj_decay", law, {"time (s)": time, "current (A)": noisy(current, SEED + 2)})

    time = np.linspace(0.02, 2.5, 120)
    for k, (volt, tau) in enumerate({3: 0.512, 4: 0.540, 5: 0.826}.items()):
        current = oracle.exponential(time, 2e-8, 6e-8, tau)
        law = f"MoSe2 memristor (H. Duan et al., Fig. 4d), {volt} V pulses: I0 + A exp(-t/tau), tau = {tau} s"
        columns = {"time (s)": time, "current (A)": noisy(current, SEED + 3 + k)}
        write(folder, f"mose2_decay_{volt}v", law, columns)

    time = np.geomspace(0.1, 15, 100)
    signal = oracle.power(time, 0.09594, 0.4092)
    law = "halide perovskite n = 3 (Kim et al. 2019, Table 2): y = b t^-m, b = 0.09594, m = 0.4092"
    write(
        folder, "ohp_n3_decay", law, {"time (s)": time, "response (a.u.)": noisy(signal, SEED + 9)}
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
