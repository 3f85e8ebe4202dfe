"""Weights in an array whose mapping knows its lines."""

from __future__ import annotations

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.workflows.mapping import Lines, judge, map_weights
from compactmodels.workflows.studies.settings import Setting


def compensation(card: ModelCard, setting: Setting) -> dict[str, float]:
    """Errors of y = W x, weights normal, in pairs of columns, before and after compensation.

    An array of ``size`` word lines and as many bit lines; inputs 0 or 1.
    """
    n = max(setting.size, 2)
    weights = np.random.default_rng([setting.seed, 3]).standard_normal((n // 2, n))
    lines = Lines(
        r_word=setting.line_resistance,
        r_bit=setting.line_resistance,
        voltage=setting.voltage,
        temperature=setting.temperature,
    )
    found: dict[str, float] = {}
    for compensated in (False, True):
        mapped = map_weights(weights, card, lines=lines, compensate=compensated)
        judged = judge(mapped, card, lines, seed=setting.seed)
        after = "_compensated" if compensated else ""
        found[f"error{after}"] = judged.error
        found[f"error_after_gain{after}"] = judged.error_after_gain
        found[f"factor{after}"] = mapped.factor
    return found
