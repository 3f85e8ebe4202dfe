# mypy: ignore-errors
"""Kernels for Kirchhoff's current law with cells that are no resistors (see lines.py for the manner).

Node voltages are kept as what they differ from the voltage of their own line's source or output, so
that the currents of wires keep their digits where the lines lose next to nothing.
"""

from numba import njit

from netlists.solver.lines import COLUMNS, JIT, SUM


@njit(**JIT)
def voltages(first, last, vl, vb, word, bit, v):
    """Cell voltages v of rows first to last, word node less bit node."""
    for i in range(first, last):
        for j in range(v.shape[1]):
            v[i, j] = (vl[i] - vb[j]) + (word[i, j] - bit[i, j])


@njit(**JIT)
def word_balance(i, a, closed, current, push, word, f):
    """Currents into the word nodes of a row; nodes that are joined by 0 ohm count as their last one.

    ``push`` is what else flows into each node; empty for nothing.

    Returns the largest of what these are the difference of.
    """
    n = f.shape[1]
    step = 1 if a.rw.shape[1] > 1 else 0
    held = a.left[i] <= closed
    total, terms = 0.0, 0.0
    if not held:
        total = -word[i, 0] / a.left[i]
    for j in range(n):
        r = a.rw[i, j * step] if j < n - 1 else a.right[i]
        total += (push[j] if push.size else 0.0) - current[i, j]
        f[i, j] = 0.0
        if j < n - 1 and r == 0.0:
            continue
        held = held or (j == n - 1 and r <= closed)
        out = 0.0 if held else (word[i, j] - (word[i, j + 1] if j < n - 1 else 0.0)) / r
        if not held:
            f[i, j] = total - out
            terms = max(terms, abs(word[i, j]) / r, abs(current[i, j]))
        if j < n - 1:
            out = (word[i, j] - word[i, j + 1]) / r
            terms = max(terms, abs(word[i, j + 1]) / r)
        total, held = out, False
    return terms


@njit(**SUM)
def bit_row(current, up, down, bit, above, below, f):
    """Currents into a row of bit nodes; the largest of what these are the difference of."""
    terms = 0.0
    for j in range(f.size):
        f[j] = current[j] - (up[j] * (bit[j] - above[j]) + down[j] * (bit[j] - below[j]))
        terms = max(terms, (up[j] + down[j]) * abs(bit[j]))
    return terms


@njit(**JIT)
def add_row(t, d, x):
    """x += t d."""
    for j in range(x.size):
        x[j] += t * d[j]


@njit(**JIT)
def balance(first, last, a, closed, current, push, into, word, bit, none, f_word, f_bit, terms):
    """Currents into all nodes of rows first to last, and by row the largest term of a balance.

    ``push`` and ``into`` (m, n) are further currents into word and bit nodes; (0, 0) for none.
    ``none`` (n,) is 0.
    """
    m = current.shape[0]
    step = 1 if a.gb.shape[0] > 1 else 0
    for i in range(first, last):
        own = push[i] if push.size else push.ravel()
        terms[i] = word_balance(i, a, closed, current, own, word, f_word)
        up = a.gtop if i == 0 else a.gb[(i - 1) * step]
        down = a.gbottom if i == m - 1 else a.gb[i * step]
        above = bit[i - 1] if i > 0 else none
        below = bit[i + 1] if i < m - 1 else none
        terms[i] = max(terms[i], bit_row(current[i], up, down, bit[i], above, below, f_bit[i]))
        if into.size:
            add_row(1.0, into[i], f_bit[i])


@njit(**JIT)
def join(first, last, a, closed, f):
    """Bit nodes that are joined by 0 ohm count as their last one; those at an output as none."""
    m, n = f.shape
    step = 1 if a.rb.shape[0] > 1 else 0
    for j in range(first * COLUMNS, min(n, last * COLUMNS)):
        held, total = a.top[j] <= closed, 0.0
        for i in range(m):
            total += f[i, j]
            f[i, j] = 0.0
            if i < m - 1 and a.rb[i * step, j] == 0.0:
                continue
            held = held or (i == m - 1 and a.bottom[j] <= closed)
            if not held:
                f[i, j] = total
            held, total = False, 0.0


@njit(**SUM)
def size_row(f, d):
    """Largest and sum of |f|, and f d."""
    most, total, along = 0.0, 0.0, 0.0
    for j in range(f.size):
        most = max(most, abs(f[j]))
        total += abs(f[j])
        along += f[j] * d[j]
    return most, total, along


@njit(**JIT)
def sizes(first, last, f_word, f_bit, d_word, d_bit, sums):
    """By row: the largest current into a node, their sum, and what they do along a direction."""
    for i in range(first, last):
        most, total, along = size_row(f_word[i], d_word[i])
        other, more, further = size_row(f_bit[i], d_bit[i])
        sums[i, 0], sums[i, 1], sums[i, 2] = max(most, other), total + more, along + further


@njit(**JIT)
def shift(first, last, t, d_word, d_bit, word, bit):
    """Move rows first to last of both planes by t along a direction."""
    for i in range(first, last):
        add_row(t, d_word[i], word[i])
        add_row(t, d_bit[i], bit[i])
