# mypy: ignore-errors
"""Write and verify, device by device; compiled.py loads this from the cache folder."""

from numba import njit

from compactmodels.workflows.recognition.kernels import JIT, moved, normal


@njit(**JIT)
def verify(u, span, pace, target, law, kick, noise, tolerance, most, rng):
    """Write and verify: pulses until a reading is within ``tolerance`` of its target (shares of the nominal window).

    Before every pulse the device is read (with ``noise``); one pulse at a time, at most ``most``.
    Returns the pulses given and the devices that were not brought there.
    """
    given, missed = 0, 0
    for a in range(u.shape[0]):
        for i in range(u.shape[1]):
            for j in range(u.shape[2]):
                s = span[a, i, j] if span.shape[1] > 1 else span[0, 0, 0]
                p = pace[a, i, j] if pace.shape[1] > 1 else pace[0, 0, 0]
                there = False
                for k in range(most + 1):
                    read = s * u[a, i, j]
                    if noise > 0.0:
                        read += noise * normal(rng)
                    if abs(read - target[a, i, j]) <= tolerance:
                        there = True
                        break
                    if k == most:
                        break
                    u[a, i, j] = moved(u[a, i, j], 1, p, read < target[a, i, j], law, kick, rng)
                    given += 1
                if not there:
                    missed += 1
    return given, missed
