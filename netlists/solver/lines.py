"""Kernels on the lines of an array: factors, sweeps and the steps of conjugate gradients.

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


# ------------------------------------------------------------------------------ conjugate gradients


@njit(**JIT)
def add_row(c, x, d, y, z):
    """z = c x + d y along a row; an assignment of slices would compile for seconds."""
    for j in range(z.size):
        z[j] = c * x[j] + d * y[j]


@njit(**JIT)
def through_row(g, h, into, s):
    """Currents through the cells less those that are pushed into the bit nodes."""
    if into.size:
        for j in range(s.size):
            s[j] = g[j] * h[j] - into[j]
    else:
        for j in range(s.size):
            s[j] = g[j] * h[j]


@njit(**JIT)
def begin(first, last, a, vl, vr, vb, push, into, s):
    """Currents s out of the bit nodes while these are held at vb (n,).

    ``push`` and ``into`` (m, n) are currents into the word and bit nodes; (0, 0) for none.
    """
    m, n = a.g.shape
    h, b = np.empty((ROWS, n)), np.empty((ROWS, n))
    for k in range(ROWS):
        add_row(1.0, vb, 0.0, vb, b[k])
    for i in range(first * ROWS, min(m, last * ROWS), ROWS):
        count = min(ROWS, m - i)
        drops(i, count, a, b, vl, vr, push, h)
        for k in range(count):
            through_row(a.g[i + k], h[k], into[i + k] if into.size else into.ravel(), s[i + k])


@njit(**JIT)
def along_row(leak, up, down, x, above, below, s):
    """Currents out of a row of bit nodes along the lines and to ground."""
    for j in range(s.size):
        s[j] = up[j] * (x[j] - above[j]) + down[j] * (x[j] - below[j]) + leak[j] * x[j]


@njit(**JIT)
def more_row(g, h, s):
    for j in range(s.size):
        s[j] += g[j] * h[j]


@njit(**SUM)
def dot_row(x, y):
    total = 0.0
    for j in range(x.size):
        total += x[j] * y[j]
    return total


@njit(**JIT)
def cost(i, h, a, p, none, s):
    """Row i of s = S p, from the cell voltages h there."""
    m = a.g.shape[0]
    step = 1 if a.gb.shape[0] > 1 else 0
    up = a.gtop if i == 0 else a.gb[(i - 1) * step]
    down = a.gbottom if i == m - 1 else a.gb[i * step]
    above = p[i - 1] if i > 0 else none
    below = p[i + 1] if i < m - 1 else none
    along_row(a.leak_bit, up, down, p[i], above, below, s[i])
    more_row(a.g[i], h, s[i])


@njit(**JIT)
def sweep(first, last, a, p, s, sums):
    """s = S p on blocks of word lines, and the sums p s of each line."""
    m, n = a.g.shape
    zero, none, h = np.zeros(m), np.zeros(n), np.empty((ROWS, n))
    push = np.zeros((0, 0))
    for i in range(first * ROWS, min(m, last * ROWS), ROWS):
        count = min(ROWS, m - i)
        drops(i, count, a, p[i : i + count], zero, zero, push, h)
        for k in range(count):
            cost(i + k, h[k], a, p, none, s)
            sums[i + k] = dot_row(p[i + k], s[i + k])


@njit(**SUM)
def forward_row(alpha, s, r, lbefore, before, lb, rb, norms):
    """New residuals of a row and what is carried down to it (into s).

    Returns its share of r M^-1 r; |r| is added to ``norms``.
    """
    power = 0.0
    for j in range(s.size):
        left = r[j] - alpha * s[j]
        f = left + lbefore[j] * before[j]
        r[j] = left
        s[j] = f
        power += f * f * (rb[j] * lb[j])
    norm = 0.0
    for j in range(s.size):
        norm += abs(r[j])
    norms[1] += norm
    return power


@njit(**JIT)
def forward(first, last, a, alpha, s, r, sums):
    """r -= alpha s and the way down of M^-1 r on blocks of bit lines.

    Sums of each block: r M^-1 r, |r|.
    """
    m, n = a.lb.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    none = np.zeros(COLUMNS)
    for block in range(first, last):
        sums[block, 0] = sums[block, 1] = 0.0
    for i in range(m):
        segment = a.rb[i * step] if i < m - 1 else a.bottom
        for block in range(first, last):
            c, d = block * COLUMNS, min(n, (block + 1) * COLUMNS)
            lbefore = a.lb[i - 1, c:d] if i > 0 else none[: d - c]
            before = s[i - 1, c:d] if i > 0 else none[: d - c]
            sums[block, 0] += forward_row(
                alpha, s[i, c:d], r[i, c:d], lbefore, before, a.lb[i, c:d], segment[c:d], sums[block]
            )


@njit(**JIT)
def backward_row(lb, rb, below, f):
    for j in range(f.size):
        f[j] = lb[j] * (rb[j] * f[j] + below[j])


@njit(**JIT)
def move_row(alpha, beta, y, x, p):
    for j in range(x.size):
        x[j] += alpha * p[j]
        p[j] = y[j] + beta * p[j]


@njit(**JIT)
def backward(first, last, a, alpha, beta, s, x, p):
    """x += alpha p, the way up of y = M^-1 r (into s), and p = y + beta p on blocks of bit lines."""
    m, n = a.lb.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    c, d = first * COLUMNS, min(n, last * COLUMNS)
    none = np.zeros(d - c)
    for k in range(m):
        i = m - 1 - k
        segment = a.rb[i * step, c:d] if i < m - 1 else a.bottom[c:d]
        backward_row(a.lb[i, c:d], segment, s[i + 1, c:d] if i < m - 1 else none, s[i, c:d])
        move_row(alpha, beta, s[i, c:d], x[i, c:d], p[i, c:d])


# ------------------------------------------------------------------------------------- the results


@njit(**SUM)
def balance_row(up, down, x, above, below, s, r):
    """Residuals of a row; the size of what they are the difference of."""
    size = 0.0
    for j in range(r.size):
        r[j] = -(up[j] * (x[j] - above[j]) + down[j] * (x[j] - below[j]) + s[j])
        size += (up[j] + down[j]) * abs(x[j]) + abs(s[j])
    return size


@njit(**SUM)
def sum_row(x):
    total = 0.0
    for j in range(x.size):
        total += x[j]
    return total


@njit(**SUM)
def norm_row(x):
    total = 0.0
    for j in range(x.size):
        total += abs(x[j])
    return total


@njit(**JIT)
def audit(first, last, a, vl, vb, push, into, x, s, r, words, sums):
    """What follows from the bit nodes' voltages vb + x on blocks of word lines.

    Cell currents (bit to word) into s, residuals of the bit nodes into r, word voltages into words
    (m, n) if that is not (0, 0); sums of each line: its current into the cells, |r|, and the size of
    what r is the difference of.
    """
    m, n = a.g.shape
    step = 1 if a.gb.shape[0] > 1 else 0
    b, h, none = np.empty((ROWS, n)), np.empty((ROWS, n)), np.zeros(n)
    for first_row in range(first * ROWS, min(m, last * ROWS), ROWS):
        count = min(ROWS, m - first_row)
        for k in range(count):
            add_row(1.0, vb, 1.0, x[first_row + k], b[k])
        drops(first_row, count, a, b, vl, vl, push, h)
        for k in range(count):
            i = first_row + k
            if words.size:
                add_row(1.0, b[k], -1.0, h[k], words[i])
            through_row(a.g[i], h[k], into.ravel()[:0], s[i])
            sums[i, 0] = -sum_row(s[i])
            if into.size:
                through_row(a.g[i], h[k], into[i], s[i])
            up = a.gtop if i == 0 else a.gb[(i - 1) * step]
            down = a.gbottom if i == m - 1 else a.gb[i * step]
            above = x[i - 1] if i > 0 else none
            below = x[i + 1] if i < m - 1 else none
            sums[i, 2] = balance_row(up, down, x[i], above, below, s[i], r[i])
            sums[i, 1] = norm_row(r[i])


@njit(**JIT)
def norms(first, last, a, closed, r, sums):
    """|r| of bit lines, where nodes that are joined by 0 ohm are one; those at a source have none.

    ``closed`` is the resistance up to which an end is the source itself.
    """
    m, n = a.g.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    for j in range(first * COLUMNS, min(n, last * COLUMNS)):
        held, total, norm = a.top[j] <= closed, 0.0, 0.0
        for i in range(m):
            total += r[i, j]
            if i < m - 1 and a.rb[i * step, j] == 0.0:
                continue
            held = held or (i == m - 1 and a.bottom[j] <= closed)
            norm += 0.0 if held else abs(total)
            held, total = False, 0.0
        sums[j] = norm
