# mypy: ignore-errors
"""The spiking network step by step; compiled.py loads this from the cache folder.

``w`` (inputs, neurons) are the devices' non-volatile states, ``window`` (states, intervals) what a pair
of spikes changes of a state, on even grids of the state's fourth root from 0 to 1 (growth begins at nuclei of
a millionth and waits for them up to a hundredth) and of the interval from -reach to reach; ``conducts`` the conductance
over its highest on an even grid of the state.
"""

import numpy as np
from numba import njit

JIT = {"cache": True, "nogil": True, "fastmath": False}


@njit(**JIT)
def along(table, x):
    """A table on an even grid of x in [0, 1], by straight lines."""
    last = table.size - 1
    at = min(max(x, 0.0), 1.0) * last
    k = min(int(at), last - 1)
    return table[k] + (at - k) * (table[k + 1] - table[k])


@njit(**JIT)
def changed(window, w, interval, reach):
    """The state after a pair of spikes that far apart (steps; above 0: pre before post)."""
    rows, columns = window.shape
    a = np.sqrt(np.sqrt(min(max(w, 0.0), 1.0))) * (rows - 1)
    b = (interval / reach + 1.0) / 2.0 * (columns - 1)
    i, j = min(int(a), rows - 2), min(int(b), columns - 2)
    a, b = a - i, b - j
    near = (1.0 - b) * window[i, j] + b * window[i, j + 1]
    far = (1.0 - b) * window[i + 1, j] + b * window[i + 1, j + 1]
    return min(max(w + (1.0 - a) * near + a * far, 0.0), 1.0)


@njit(**JIT)
def present(images, w, threshold, window, conducts, reach, settings, learn, random, counts):
    """Show all images; ``counts`` (images, neurons) are their spikes, ``w`` and ``threshold`` learn.

    While it learns an image ends with its first output spike; the inputs that the next one drives soon
    after are what came after that spike.
    """
    rate, keep, rise, fall, pause, steps = settings
    inputs, neurons = w.shape
    v = np.zeros(neurons)
    g = np.empty((inputs, neurons))
    for i in range(inputs):
        for j in range(neurons):
            g[i, j] = along(conducts, w[i, j])
    last_in = np.full(inputs, -1e12)
    last_out = np.full(neurons, -1e12)
    now = 0.0
    for k in range(images.shape[0]):
        v[:] = 0.0
        now += pause
        for _ in range(int(steps)):
            now += 1.0
            v *= keep
            for i in range(inputs):
                if images[k, i] > 0.0 and random.random() < rate * images[k, i]:
                    last_in[i] = now
                    for j in range(neurons):
                        v[j] += g[i, j]
                    if learn:
                        for j in range(neurons):
                            since = now - last_out[j]
                            if 0.0 < since <= reach:
                                w[i, j] = changed(window, w[i, j], -since, reach)
                                g[i, j] = along(conducts, w[i, j])
            winner, most = -1, 0.0
            for j in range(neurons):
                if v[j] - threshold[j] > most:
                    winner, most = j, v[j] - threshold[j]
            if winner < 0:
                continue
            counts[k, winner] += 1
            v[:] = 0.0
            if learn:
                for i in range(inputs):
                    since = now - last_in[i]
                    if since <= reach:  # in the same step: the input was the cause
                        w[i, winner] = changed(window, w[i, winner], max(since, 1.0), reach)
                        g[i, winner] = along(conducts, w[i, winner])
                threshold[winner] += rise
                last_out[winner] = now
                break
        if learn:
            threshold *= 1.0 - fall
