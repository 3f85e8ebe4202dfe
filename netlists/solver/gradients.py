# mypy: ignore-errors
"""Kernels of conjugate gradients on the bit lines of an array (see lines.py for the manner)."""

import numpy as np
from numba import njit

from netlists.solver.lines import COLUMNS, JIT, ROWS, SUM, drops, factor_bit, factor_word

__all__ = ["COLUMNS", "ROWS", "factor_bit", "factor_word"]


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
    """Add what flows through the cells."""
    for j in range(s.size):
        s[j] += g[j] * h[j]


@njit(**SUM)
def dot_row(x, y):
    """Sum of products."""
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
            sums[i + k, 0] = dot_row(p[i + k], s[i + k])


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
                alpha,
                s[i, c:d],
                r[i, c:d],
                lbefore,
                before,
                a.lb[i, c:d],
                segment[c:d],
                sums[block],
            )


@njit(**JIT)
def backward_row(lb, rb, below, f):
    """One step up the bit lines."""
    for j in range(f.size):
        f[j] = lb[j] * (rb[j] * f[j] + below[j])


@njit(**JIT)
def move_row(alpha, beta, y, x, p):
    """A step along the old direction, and the new one."""
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


@njit(**JIT)
def total(x, column):
    """Sum of a column; in one order, whoever asks."""
    found = 0.0
    for i in range(x.shape[0]):
        found += x[i, column]
    return found


@njit(**JIT)
def norms(first, last, a, closed, r, sums):
    """|r| of bit lines, where nodes that are joined by 0 ohm are one; those at a source have none.

    ``closed`` is the resistance up to which an end is the source itself.
    """
    m, n = a.g.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    for j in range(first * COLUMNS, min(n, last * COLUMNS)):
        held, here, norm = a.top[j] <= closed, 0.0, 0.0
        for i in range(m):
            here += r[i, j]
            if i < m - 1 and a.rb[i * step, j] == 0.0:
                continue
            held = held or (i == m - 1 and a.bottom[j] <= closed)
            norm += 0.0 if held else abs(here)
            held, here = False, 0.0
        sums[j, 0] = norm


@njit(**JIT)
def largest(top, bottom, alpha, x, p):
    """Largest of the currents out of the bit lines after a step, from conductances of their ends."""
    found, m = 0.0, x.shape[0]
    for j in range(top.size):
        first, last = x[0, j] + alpha * p[0, j], x[m - 1, j] + alpha * p[m - 1, j]
        found = max(found, abs(first * top[j] + last * bottom[j]))
    return found


@njit(**JIT)
def missing(a, merged, closed, r, block_sums, column_sums):
    """The sum of |r|."""
    if not merged:
        return total(block_sums, 1)
    norms(0, column_sums.shape[0], a, closed, r, column_sums)
    return total(column_sums, 0)


@njit(**JIT)
def climb(a, alpha, beta, x, p, s, sums):
    """:func:`backward` and the next :func:`sweep` in one thread, while the rows are still at hand."""
    m, n = a.g.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    zero, none, h, push = np.zeros(m), np.zeros(n), np.empty((ROWS, n)), np.zeros((0, 0))
    for up in range(m + 1):
        i = m - 1 - up
        if i >= 0:
            segment = a.rb[i * step] if i < m - 1 else a.bottom
            backward_row(a.lb[i], segment, s[i + 1] if i < m - 1 else none, s[i])
            move_row(alpha, beta, s[i], x[i], p[i])
        first = i + 1
        if first % ROWS == 0 and first < m:
            count = min(ROWS, m - first)
            drops(first, count, a, p[first : first + count], zero, zero, push, h)
            for k in range(count):
                cost(first + k, h[k], a, p, none, s)
                sums[first + k, 0] = dot_row(p[first + k], s[first + k])


@njit(**JIT)
def conjugate(a, merged, closed, top, bottom, scale, tolerance, most, x, r, p, s):
    """All iterations in one thread, as :func:`netlists.solver.pcg.conjugate` has them."""
    m, n = a.g.shape
    columns = (n + COLUMNS - 1) // COLUMNS
    line_sums, block_sums, column_sums = np.empty((m, 1)), np.empty((columns, 2)), np.empty((n, 1))
    alpha, beta, iteration = 0.0, 0.0, 0
    forward(0, columns, a, 1.0, s, r, block_sums)
    rho, lost = total(block_sums, 0), missing(a, merged, closed, r, block_sums, column_sums)
    while lost > tolerance * max(scale, largest(top, bottom, alpha, x, p)) and iteration < most:
        climb(a, alpha, beta, x, p, s, line_sums)
        alpha, power = 0.0, total(line_sums, 0)
        if not (np.isfinite(power) and power > 0.0):
            return iteration, lost
        alpha = rho / power
        forward(0, columns, a, alpha, s, r, block_sums)
        new, lost = total(block_sums, 0), missing(a, merged, closed, r, block_sums, column_sums)
        beta, rho = new / rho, new
        iteration += 1
    backward(0, columns, a, alpha, beta, s, x, p)
    return iteration, lost


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
    """Sum."""
    total = 0.0
    for j in range(x.size):
        total += x[j]
    return total


@njit(**SUM)
def norm_row(x):
    """Sum of absolute values."""
    total = 0.0
    for j in range(x.size):
        total += abs(x[j])
    return total


@njit(**SUM)
def size_row(x, y):
    """Sum of absolute products."""
    total = 0.0
    for j in range(x.size):
        total += x[j] * abs(y[j])
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
            sums[i, 2] += size_row(a.g[i], b[k])
            sums[i, 1] = norm_row(r[i])
