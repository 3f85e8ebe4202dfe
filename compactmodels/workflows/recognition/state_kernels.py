# mypy: ignore-errors
"""Training of devices that forget, by both their states; compiled.py loads this from the cache folder.

``a`` (2, n, m, 2) are the states w and s of the pairs, plus first; ``maps`` the tables of states.py: the
grids of w and s, the conductance x there as a share of the window, by how much a pulse that potentiates, one
that depresses and a rest change the states, where to look in the grids, and what the time of either pulse changes without
it. All else is as in kernels.py.
"""

import numpy as np
from numba import njit

from compactmodels.workflows.recognition.kernels import (
    INLINE,
    JIT,
    bounded,
    normal,
    room,
    sample,
    uniform,
)


@njit(**INLINE)
def place(grid, near, v):
    """The cell of an uneven grid, and the share of the way through it; 0 or 1 beyond its ends.

    ``near`` holds the cell in which each of its even steps from 0 to 1 begins.
    """
    k = near[int(v * (near.size - 1))]
    while k < grid.size - 2 and grid[k + 1] <= v:
        k += 1
    share = (v - grid[k]) / (grid[k + 1] - grid[k])
    return k, min(max(share, 0.0), 1.0)


@njit(**INLINE)
def conductance(w, s, maps):
    """x of a state."""
    i, a = place(maps[0], maps[6], w)
    j, b = place(maps[1], maps[7], s)
    x = maps[2]
    near = (1.0 - b) * x[i, j] + b * x[i, j + 1]
    far = (1.0 - b) * x[i + 1, j] + b * x[i + 1, j + 1]
    return (1.0 - a) * near + a * far


@njit(**INLINE)
def change(w, s, maps, table):
    """By how much a table (k, l, 2) changes a state."""
    i, a = place(maps[0], maps[6], w)
    j, b = place(maps[1], maps[7], s)
    p, q, u, v = (1.0 - a) * (1.0 - b), (1.0 - a) * b, a * (1.0 - b), a * b
    dw = (
        p * table[i, j, 0]
        + q * table[i, j + 1, 0]
        + u * table[i + 1, j, 0]
        + v * table[i + 1, j + 1, 0]
    )
    ds = (
        p * table[i, j, 1]
        + q * table[i, j + 1, 1]
        + u * table[i + 1, j, 1]
        + v * table[i + 1, j + 1, 1]
    )
    return dw, ds


@njit(**INLINE)
def inside(v):
    """Within 0 and 1."""
    return min(max(v, 0.0), 1.0)


@njit(**JIT)
def struck(w, s, count, pace, up, maps, kick, rng):
    """The state after ``count`` pulses.

    A device's ``pace`` and the spread of its pulses (``kick``, of the window) multiply what a pulse does beyond what
    the time that it takes does without it.
    """
    for _ in range(count):
        dw, ds = change(w, s, maps, maps[3] if up else maps[4])
        if pace != 1.0 or kick > 0.0:
            rw, rs = change(w, s, maps, maps[8] if up else maps[9])
            share = pace
            if kick > 0.0:
                step = conductance(inside(w + dw), inside(s + ds), maps)
                step -= conductance(inside(w + rw), inside(s + rs), maps)
                if step != 0.0:
                    share += kick * normal(rng) / abs(step)
            dw, ds = rw + share * (dw - rw), rs + share * (ds - rs)
        w, s = inside(w + dw), inside(s + ds)
    return w, s


@njit(**JIT)
def rest(a, pace, maps):
    """Every device that is not stuck relaxes for the time between two samples."""
    own = pace.shape[1] > 1
    for side in range(2):
        for i in range(a.shape[1]):
            for j in range(a.shape[2]):
                if own and pace[side, i, j] == 0.0:
                    continue
                w, s = a[side, i, j, 0], a[side, i, j, 1]
                dw, ds = change(w, s, maps, maps[5])
                a[side, i, j, 0], a[side, i, j, 1] = inside(w + dw), inside(s + ds)


@njit(**JIT)
def weigh(a, span, below, off, scale, maps, w):
    """Weights of the pairs from their states; below its lower end a window is not spread (``below`` for ``span``)."""
    own, lossy = span.shape[1] > 1, off.shape[0] > 1
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            plus = conductance(a[0, i, j, 0], a[0, i, j, 1], maps)
            minus = conductance(a[1, i, j, 0], a[1, i, j, 1], maps)
            if own:
                if plus > 0.0:
                    plus *= span[0, i, j]
                elif lossy:
                    plus *= below[0, i, j]
                if minus > 0.0:
                    minus *= span[1, i, j]
                elif lossy:
                    minus *= below[1, i, j]
            w[i, j] = scale * (plus - minus)
            if lossy:
                w[i, j] += scale * off[i, j]


@njit(**JIT)
def write(total, touched, marks, many, rate, bound, side, a, pace, maps, pulses, scale, most, kick, rng):  # fmt: skip
    """Pulses for the rows touched, as ``write`` of kernels.py gives them; ``total`` is left at 0."""
    own = pace.shape[1] > 1
    p = pace[0, 0, 0]
    rate = bounded(total, touched, many, rate, max(pulses[0], pulses[1]) / scale, bound, most)
    given = 0
    for k in range(many):
        i = touched[k]
        marks[i] = False
        for j in range(total.shape[1]):
            wanted = -total[i, j] if side == 0 else total[i, j]
            total[i, j] = 0.0
            up = wanted > 0.0
            share = abs(wanted) * rate * pulses[0 if up else 1] / scale
            count = int(share + uniform(rng))
            if count == 0:
                continue
            given += count
            if own:
                p = pace[side, i, j]
            if p > 0.0:  # else stuck
                w, s = a[side, i, j, 0], a[side, i, j, 1]
                a[side, i, j] = struck(w, s, count, p, up, maps, kick, rng)
    return given


@njit(**JIT)
def epoch(images, labels, order, full, net, spec, maps, pulses, rng, first):
    """One pass over the samples of ``order``; (mean loss, pulses given, samples before the next).

    Every sample begins with a rest of all devices. ``net``: (a1, span1, pace1, w1, off1, below1, a2, ...);
    ``spec``: rate, samples per update, scale, most pulses, noise and kick, steps of DAC and ADC, reach of both layers; ``pulses`` (2,)
    from end to end of the window, up and down.
    """
    a1, span1, pace1, w1, off1, below1, a2, span2, pace2, w2, off2, below2 = net
    rate, batch, scale, most, noise, kick, dac, adc, reach = spec
    n, hidden, classes = w1.shape[0], w1.shape[1], w2.shape[1]
    own = room(n, hidden, classes)
    t1, m1, r1 = np.zeros(w1.shape), np.zeros(n, np.bool_), np.empty(n, np.int64)
    t2, m2, r2 = np.zeros(w2.shape), np.zeros(hidden + 1, np.bool_), np.empty(hidden + 1, np.int64)
    loss, given, k1, k2, samples, side = 0.0, 0, 0, 0, 0, first
    b1, b2 = 0.0, 0.0
    for k in range(order.size):
        rest(a1, pace1, maps)
        rest(a2, pace2, maps)
        weigh(a1, span1, below1, off1, scale, maps, w1)
        weigh(a2, span2, below2, off2, scale, maps, w2)
        # fmt: off
        got, k1, k2, e1, e2 = sample(images[order[k]], labels[order[k]], full, noise, dac, adc, reach, rng, w1, w2, own, t1, r1, m1, k1, t2, r2, m2, k2)
        loss, b1, b2, samples = loss + got, b1 + e1, b2 + e2, samples + 1
        if samples == batch or k == order.size - 1:
            step = rate / samples
            given += write(t1, r1, m1, k1, step, b1, side, a1, pace1, maps, pulses, scale, most, kick, rng)
            given += write(t2, r2, m2, k2, step, b2, side, a2, pace2, maps, pulses, scale, most, kick, rng)
            # fmt: on
            side, k1, k2, samples, b1, b2 = 1 - side, 0, 0, 0, 0.0, 0.0
    weigh(a1, span1, below1, off1, scale, maps, w1)
    weigh(a2, span2, below2, off2, scale, maps, w2)
    return loss / order.size, given, side
