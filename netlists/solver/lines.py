# mypy: ignore-errors
"""Kernels on the lines of an array: their factors, and the cells' voltages along word lines.

This file is the source of machine code: :mod:`netlists.solver.compiled` copies it into the cache
folder and imports it from there.  A kernel works on blocks ``first`` to ``last`` of :data:`ROWS` word
lines or :data:`COLUMNS` bit lines and releases the GIL, so that threads can share the work; sums are
kept by row or by block, so that no result depends on the number of threads.

``a`` is a :class:`netlists.solver.topology.Lines`.  Along a line, e is the conductance from a node
back to everything before it, and ``l = 1/(1 + r e)`` the factor to the next node over the segment r.
Written in r instead of 1/r, a segment of 0 ohm is a number like any other, and no step of an
elimination subtracts, so that all pivots are accurate to rounding.
"""

import numpy as np
from numba import njit

ROWS = 2
COLUMNS = 128
JIT = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
SUM = {**JIT, "fastmath": {"contract", "reassoc", "nsz"}}

# Loops over a row stand in functions of their own, with few arrays each: only so does the compiler
# check in time that these do not overlap, and vectorise.


# ---------------------------------------------------------------------------------------- factors


@njit(**JIT)
def factor_word(first, last, a):
    """Factors of the word lines of a block."""
    m, n = a.g.shape
    step = 1 if a.rw.shape[1] > 1 else 0
    for i in range(first * ROWS, min(m, last * ROWS)):
        e = a.g[i, 0] + (a.leak_word[i] + 1.0 / a.left[i])
        for j in range(n - 1):
            a.lw[i, j] = 1.0 / (1.0 + a.rw[i, j * step] * e)
            e = a.g[i, j + 1] + (a.leak_word[i] + a.lw[i, j] * e)
        a.lw[i, n - 1] = 1.0 / (1.0 + a.right[i] * e)


@njit(**JIT)
def factor_row(g, leak, rb, e, lb):
    """Factors of all bit lines at a row, and e at the next one."""
    for j in range(e.size):
        ratio = 1.0 / (1.0 + rb[j] * e[j])
        lb[j] = ratio
        e[j] = g[j] + (leak[j] + ratio * e[j])


@njit(**JIT)
def factor_bit(first, last, a):
    """Factors of the bit lines of a block."""
    m, n = a.g.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    c, d = first * COLUMNS, min(n, last * COLUMNS)
    e = np.empty(d - c)
    for j in range(d - c):
        e[j] = a.g[0, c + j] + (a.leak_bit[c + j] + 1.0 / a.top[c + j])
    for i in range(m - 1):
        factor_row(a.g[i + 1, c:d], a.leak_bit[c:d], a.rb[i * step, c:d], e, a.lb[i, c:d])
    factor_row(a.g[m - 1, c:d], a.leak_bit[c:d], a.bottom[c:d], e, a.lb[m - 1, c:d])
    for j in range(c, d):
        hold(j, a, step)


@njit(**JIT)
def hold(j, a, step):
    """Nodes that 0 ohm joins to the output of their bit line do not move at all."""
    m = a.g.shape[0]
    if a.gbottom[j] == 0.0:
        a.lb[m - 1, j] = 0.0
    if a.gtop[j] == 0.0:
        for i in range(m):
            a.lb[i, j] = 0.0
            if i == m - 1 or a.rb[i * step, j] > 0.0:
                return


# ----------------------------------------------------------------- cell voltages along word lines


@njit(**JIT)
def drop_one(g, leak, rw, left, right, lw, b, vl, vr, push, h):
    """Cell voltages (bit minus word) along a word line whose bit nodes are at b, into h.

    ``push`` is a current into each word node; empty for none.
    """
    n = g.size
    step = 1 if rw.size > 1 else 0
    e = g[0] + (leak + 1.0 / left)
    x = (b[0] - vl) / left + leak * b[0] - (push[0] if push.size else 0.0)
    h[0] = x
    for j in range(n - 1):
        x = lw[j] * (x + e * (b[j + 1] - b[j])) + leak * b[j + 1]
        x -= push[j + 1] if push.size else 0.0
        e = g[j + 1] + (leak + lw[j] * e)
        h[j + 1] = x
    x = lw[n - 1] * (right * x + (b[n - 1] - vr))
    h[n - 1] = x
    for k in range(1, n):
        j = n - 1 - k
        x = lw[j] * (rw[j * step] * h[j] + (b[j] - b[j + 1])) + lw[j] * x
        h[j] = x


@njit(**JIT)
def drop_two(i, a, b, vl, vr, h):
    """The same for the lines i and i + 1, whose chains of operations overlap in time."""
    n = a.g.shape[1]
    step = 1 if a.rw.shape[1] > 1 else 0
    g0, g1, l0, l1, r0, r1 = a.g[i], a.g[i + 1], a.lw[i], a.lw[i + 1], a.rw[i], a.rw[i + 1]
    b0, b1, h0, h1 = b[0], b[1], h[0], h[1]
    k0, k1 = a.leak_word[i], a.leak_word[i + 1]
    e0, e1 = g0[0] + (k0 + 1.0 / a.left[i]), g1[0] + (k1 + 1.0 / a.left[i + 1])
    x0 = (b0[0] - vl[i]) / a.left[i] + k0 * b0[0]
    x1 = (b1[0] - vl[i + 1]) / a.left[i + 1] + k1 * b1[0]
    h0[0], h1[0] = x0, x1
    for j in range(n - 1):
        x0 = l0[j] * (x0 + e0 * (b0[j + 1] - b0[j])) + k0 * b0[j + 1]
        x1 = l1[j] * (x1 + e1 * (b1[j + 1] - b1[j])) + k1 * b1[j + 1]
        e0 = (g0[j + 1] + k0) + l0[j] * e0
        e1 = (g1[j + 1] + k1) + l1[j] * e1
        h0[j + 1], h1[j + 1] = x0, x1
    j = n - 1
    x0 = l0[j] * (a.right[i] * x0 + (b0[j] - vr[i]))
    x1 = l1[j] * (a.right[i + 1] * x1 + (b1[j] - vr[i + 1]))
    h0[j], h1[j] = x0, x1
    for k in range(1, n):
        j = n - 1 - k
        x0 = l0[j] * (r0[j * step] * h0[j] + (b0[j] - b0[j + 1])) + l0[j] * x0
        x1 = l1[j] * (r1[j * step] * h1[j] + (b1[j] - b1[j + 1])) + l1[j] * x1
        h0[j], h1[j] = x0, x1


@njit(**JIT)
def drops(i, count, a, b, vl, vr, push, h):
    """Cell voltages of the ``count`` (1 or 2) word lines from i on; ``push`` (m, n) or (0, 0)."""
    if count == 2 and push.size == 0:
        drop_two(i, a, b, vl, vr, h)
        return
    for k in range(count):
        q = i + k
        own = push[q] if push.size else push.ravel()
        ends = a.left[q], a.right[q]
        drop_one(a.g[q], a.leak_word[q], a.rw[q], *ends, a.lw[q], b[k], vl[q], vr[q], own, h[k])
