# mypy: ignore-errors
"""Kernels of a network of device pairs; compiled.py loads them from the cache folder.

Shapes: ``u`` (2, n, m) are the conductances of the pairs as shares of the common window, plus first;
``span`` and ``pace`` (2, n, m) or (1, 1, 1) the window and the effect of a pulse of each device over the
nominal one (pace 0: stuck); ``w`` (n, m) the weight that the pair stands for, which lines may change: ``span`` is then
what arrives of a device, and ``off`` (n, m), else (1, 1), what its lower end adds.  The last row is the bias's.
"""

import math

import numpy as np
from numba import njit

JIT = {"cache": True, "nogil": True, "fastmath": False}
TICK = 1.0 / 9007199254740992.0
INLINE = {**JIT, "inline": "always"}


@njit(**INLINE)
def number(state):
    """The next 64 bits (xorshift128+; Vigna, doi:10.1016/j.cam.2016.11.006)."""
    a, b = state[0], state[1]
    state[0] = b
    a ^= a << np.uint64(23)
    a ^= b ^ (a >> np.uint64(18)) ^ (b >> np.uint64(5))
    state[1] = a
    return a + b


@njit(**INLINE)
def uniform(state):
    """In [0, 1)."""
    return (number(state) >> np.uint64(11)) * TICK


@njit(**JIT)
def normal(state):
    """Of variance 1 (Box and Muller)."""
    r = math.sqrt(-2.0 * math.log(1.0 - uniform(state)))
    return r * math.cos(2.0 * math.pi * uniform(state))


@njit(**JIT)
def between(table, t):
    """A table on an even grid at t in [0, 1], by straight lines."""
    last = table.size - 1
    at = t * last
    k = int(at)
    if k >= last:
        return table[last]
    return table[k] + (at - k) * (table[k + 1] - table[k])


@njit(**JIT)
def pulsed(x, count, pace, spent, state, pulses):
    """x after ``count`` pulses in the direction of the tables."""
    p = between(spent, x) + count * pace
    if p >= pulses:
        return state[state.size - 1]
    return between(state, p / pulses)


@njit(**JIT)
def moved(x, count, pace, up, law, kick, rng):
    """x after ``count`` pulses, with the spread that each adds (``kick``, of the window)."""
    if pace == 0.0 or count == 0:
        return x
    if up:
        x = pulsed(x, count, pace, law[0], law[1], law[4][0])
    else:
        x = pulsed(x, count, pace, law[2], law[3], law[4][1])
    if kick > 0.0:
        x += kick * math.sqrt(count) * normal(rng)
        x = min(max(x, 0.0), 1.0)
    return x


@njit(**JIT)
def converted(x, steps):
    """x in [0, 1] in so many steps; as it is for 0."""
    if steps <= 0.0:
        return x
    return math.floor(x * steps + 0.5) / steps


@njit(**JIT)
def sensed(z, steps, reach):
    """z within +-reach in so many steps; as it is for 0."""
    if steps <= 0.0:
        return z
    share = (min(max(z, -reach), reach) + reach) / (2.0 * reach)
    return (math.floor(share * steps + 0.5) / steps) * 2.0 * reach - reach


@njit(**JIT)
def forward(w, x, rows, count, noise, dac, adc, reach, rng, z):
    """z = w^T x over the word lines in ``rows`` as the array gives it."""
    power = 0.0
    for j in range(z.size):
        z[j] = 0.0
    for k in range(count):
        i = rows[k]
        power += x[i] * x[i]
        for j in range(z.size):
            z[j] += x[i] * w[i, j]
    spread = noise * math.sqrt(power)
    for j in range(z.size):
        if spread > 0.0:
            z[j] += spread * normal(rng)
        z[j] = sensed(z[j], adc, reach)


@njit(**JIT)
def sigmoid(z):
    """1/(1 + exp(-z))."""
    return 1.0 / (1.0 + math.exp(-min(max(z, -40.0), 40.0)))


@njit(**JIT)
def driven(image, full, dac, x, rows):
    """Inputs of a sample on the word lines, the bias on the last; how many carry something."""
    count = 0
    for i in range(image.size):
        if image[i]:
            x[i] = converted(image[i] / full, dac)
            if x[i] > 0.0:
                rows[count] = i
                count += 1
    x[image.size] = 1.0
    rows[count] = image.size
    return count + 1


@njit(**JIT)
def softmax(z, label, d):
    """d = dL/dz of the cross-entropy of softmax(z); returns the loss."""
    top = z[0]
    for j in range(z.size):
        top = max(top, z[j])
    total = 0.0
    for j in range(z.size):
        d[j] = math.exp(z[j] - top)
        total += d[j]
    for j in range(z.size):
        d[j] /= total
    loss = -math.log(max(d[label], 1e-300))
    d[label] -= 1.0
    return loss


@njit(**JIT)
def backward(w, d, h, noise, rng, out):
    """d of the hidden units: the array read backwards, times the slope of the sigmoid."""
    power = 0.0
    for j in range(d.size):
        power += d[j] * d[j]
    spread = noise * math.sqrt(power)
    for i in range(out.size):
        z = 0.0
        for j in range(d.size):
            z += w[i, j] * d[j]
        if spread > 0.0:
            z += spread * normal(rng)
        out[i] = z * h[i] * (1.0 - h[i])


@njit(**JIT)
def collect(total, x, rows, count, d, touched, marks, many):
    """Add the outer product of a sample to ``total``; the rows that it touches. Returns how many."""
    for k in range(count):
        i = rows[k]
        if not marks[i]:
            marks[i] = True
            touched[many] = i
            many += 1
        for j in range(d.size):
            total[i, j] += x[i] * d[j]
    return many


@njit(**JIT)
def descend(total, touched, marks, many, rate, w):
    """Plain gradient descent on the rows touched; ``total`` is left at 0."""
    for k in range(many):
        i = touched[k]
        marks[i] = False
        for j in range(w.shape[1]):
            w[i, j] -= rate * total[i, j]
            total[i, j] = 0.0


@njit(**JIT)
def bounded(total, touched, many, rate, pulses, bound, most):
    """The rate at which no device needs more than ``most`` pulses.

    ``pulses`` are those of a change of 1 of the weight; no entry of ``total`` exceeds ``bound``.
    """
    if bound * rate * pulses <= most:
        return rate
    largest = 0.0
    for k in range(many):
        for j in range(total.shape[1]):
            largest = max(largest, abs(total[touched[k], j]))
    if largest * rate * pulses <= most:
        return rate
    return most / (largest * pulses)


@njit(**JIT)
def write(
    total,
    touched,
    marks,
    many,
    rate,
    bound,
    side,
    u,
    span,
    pace,
    w,
    off,
    law,
    scale,
    most,
    kick,
    one_way,
    rng,
):
    """Pulses for the rows touched; ``total`` is left at 0.

    To the devices of one ``side`` of the pairs, up or down; ``one_way``: to the plus device up or to the minus
    device up.

    The wanted change over the mean effect of a pulse is rounded at random, so that it is right on
    average. Where a device would need more than ``most`` pulses, the whole update is scaled down: its
    direction stays (``bound``: what no entry of ``total`` exceeds). Returns how many were given.
    """
    own, lossy = span.shape[1] > 1, off.shape[0] > 1
    rate = bounded(total, touched, many, rate, max(law[4][0], law[4][1]) / scale, bound, most)
    up_step, down_step = rate * law[4][0] / scale, -rate * law[4][1] / scale
    s = span[0, 0, 0]
    p = pace[0, 0, 0]
    given = 0
    a, b = rng[0], rng[1]
    for k in range(many):
        i = touched[k]
        marks[i] = False
        for j in range(w.shape[1]):
            wanted = -total[i, j]
            total[i, j] = 0.0
            up = wanted > 0.0
            if one_way:
                side = 0 if up else 1
                wanted, up = abs(wanted), True
            elif side == 1:
                wanted, up = -wanted, not up
            share = wanted * (up_step if up else down_step)
            # `number` written out: the state stays in registers
            a ^= a << np.uint64(23)
            a ^= b ^ (a >> np.uint64(18)) ^ (b >> np.uint64(5))
            a, b = b, a
            chance = ((a + b) >> np.uint64(11)) * TICK
            count = int(share + chance)
            if count == 0:
                continue
            given += count
            if pace.shape[1] > 1:
                p = pace[side, i, j]
            if kick > 0.0:
                rng[0], rng[1] = a, b
            u[side, i, j] = moved(u[side, i, j], count, p, up, law, kick, rng)
            if kick > 0.0:
                a, b = rng[0], rng[1]
            if own:
                w[i, j] = scale * (span[0, i, j] * u[0, i, j] - span[1, i, j] * u[1, i, j])
                if lossy:
                    w[i, j] += scale * off[i, j]
            else:
                w[i, j] = scale * s * (u[0, i, j] - u[1, i, j])
    rng[0], rng[1] = a, b
    return given


@njit(**JIT)
def refresh(u, span, pace, w, law, scale, kick, above, rng):
    """Pairs of which a device is above that share of its window: both reset, the difference written again.

    A pair with a stuck device is left as it is: without its partner's part the difference would be another one.
    In whole pulses from the lower end, rounded at random. Returns the pulses given, resets included.
    """
    own = span.shape[1] > 1
    given = 0
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            if max(u[0, i, j], u[1, i, j]) <= above:
                continue
            if pace.shape[1] > 1 and min(pace[0, i, j], pace[1, i, j]) == 0.0:
                continue
            a = 0 if w[i, j] > 0.0 else 1
            s = span[a, i, j] if own else span[0, 0, 0]
            target = min(abs(w[i, j]) / (scale * s), 1.0)
            for side in range(2):
                p = pace[side, i, j] if own else pace[0, 0, 0]
                u[side, i, j] = 0.0
                given += 1
                if side == a:
                    count = int(between(law[0], target) / p + uniform(rng))
                    u[side, i, j] = moved(0.0, count, p, True, law, kick, rng)
                    given += count
            if own:
                w[i, j] = scale * (span[0, i, j] * u[0, i, j] - span[1, i, j] * u[1, i, j])
            else:
                w[i, j] = scale * span[0, 0, 0] * (u[0, i, j] - u[1, i, j])
    return given


@njit(**JIT)
def room(n, hidden, classes):
    """What a sample needs for its passes: inputs, rows, hidden units, their lines, sums, gradients."""
    lines = np.empty(n, np.int64), np.arange(hidden + 1)
    sums, slopes = (np.empty(hidden), np.empty(classes)), (np.empty(hidden), np.empty(classes))
    return np.zeros(n), lines, np.ones(hidden + 1), sums, slopes


# fmt: off
@njit(**JIT)
def sample(image, label, full, noise, dac, adc, reach, rng, w1, w2, own, t1, r1, m1, k1, t2, r2, m2, k2):
    """Forward and backward; the outer products are added to ``t1`` and ``t2``.

    Returns the loss, the rows touched, and what no entry of the two products exceeds.
    """
    # fmt: on
    x, (rows, every), h, (z1, z2), (d1, d2) = own
    x[:] = 0.0
    count = driven(image, full, dac, x, rows)
    forward(w1, x, rows, count, noise, dac, adc, reach[0], rng, z1)
    for j in range(z1.size):
        h[j] = converted(sigmoid(z1[j]), dac)
    forward(w2, h, every, h.size, noise, dac, adc, reach[1], rng, z2)
    loss = softmax(z2, label, d2)
    backward(w2, d2, h, noise, rng, d1)
    k1 = collect(t1, x, rows, count, d1, r1, m1, k1)
    k2 = collect(t2, h, every, h.size, d2, r2, m2, k2)
    return loss, k1, k2, np.max(np.abs(d1)), np.max(np.abs(d2))  # no input exceeds 1


@njit(**JIT)
def epoch(images, labels, order, full, net, spec, law, rng, first):
    """One pass over the samples of ``order``; (mean loss, pulses given, samples before the next).

    ``net``: (u1, span1, pace1, w1, off1, u2, span2, pace2, w2, off2). ``spec``: rate, samples per update, scale, most pulses
    (0: floating point, the weights themselves are moved), noise and kick, steps of DAC and ADC, reach of both layers;
    samples from refresh to refresh (0: pulses go both ways) and the share of the window from which on.
    """
    u1, span1, pace1, w1, off1, u2, span2, pace2, w2, off2 = net
    rate, batch, scale, most, noise, kick, dac, adc, reach, turns, above = spec
    n, hidden, classes = w1.shape[0], w1.shape[1], w2.shape[1]
    own = room(n, hidden, classes)
    t1, m1, r1 = np.zeros(w1.shape), np.zeros(n, np.bool_), np.empty(n, np.int64)
    t2, m2, r2 = np.zeros(w2.shape), np.zeros(hidden + 1, np.bool_), np.empty(hidden + 1, np.int64)
    loss, given, k1, k2, inside, side = 0.0, 0, 0, 0, 0, first
    b1, b2 = 0.0, 0.0
    for k in range(order.size):
        # fmt: off
        got, k1, k2, e1, e2 = sample(images[order[k]], labels[order[k]], full, noise, dac, adc, reach, rng, w1, w2, own, t1, r1, m1, k1, t2, r2, m2, k2)
        # fmt: on
        loss, b1, b2 = loss + got, b1 + e1, b2 + e2
        inside += 1
        if inside == batch or k == order.size - 1:
            step = rate / inside
            if most == 0:
                descend(t1, r1, m1, k1, step, w1)
                descend(t2, r2, m2, k2, step, w2)
            else:
                one_way = turns > 0
                # fmt: off
                given += write(t1, r1, m1, k1, step, b1, side, u1, span1, pace1, w1, off1, law, scale, most, kick, one_way, rng)
                given += write(t2, r2, m2, k2, step, b2, side, u2, span2, pace2, w2, off2, law, scale, most, kick, one_way, rng)
                # fmt: on
                side = 1 - side
            k1, k2, inside, b1, b2 = 0, 0, 0, 0.0, 0.0
        if turns > 0 and (k + 1) % turns == 0:
            given += refresh(u1, span1, pace1, w1, law, scale, kick, above, rng)
            given += refresh(u2, span2, pace2, w2, law, scale, kick, above, rng)
    return loss / order.size, given, side
