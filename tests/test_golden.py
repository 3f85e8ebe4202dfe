"""Emitted text, for review: what is right is decided by the numerical tests, not here.

After a wanted change: `python -m tests.test_golden` writes the files anew; read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.model import Branch, Model
from netlists.subcircuit import subcircuit
from veriloga.emitter import module

FOLDER = Path(__file__).parent / "golden"


def card() -> ModelCard:
    """Two branches, one with a series resistance, and a state."""
    model = Model(
        (
            Branch("on", registry.conduction("ohmic"), "on"),
            Branch("te", registry.conduction("thermionic_emission"), "off", series=True),
        ),
        registry.switching("ion_hopping"),
    )
    values = {"on_g": 1e-4, "te_phi": 0.55, "te_r_s": 50.0}
    entries = {name: Entry(value, "assumed", "an example") for name, value in values.items()}
    return ModelCard("golden", model, entries, title="Two branches and a state", citation="none")


def texts() -> dict[str, str]:
    from compactmodels import __version__

    emitted = {"golden.va": module(card()), "golden.cir": subcircuit(card())}
    version = f"compactmodels {__version__} "
    return {n: t.replace(version, "compactmodels VERSION ") for n, t in emitted.items()}


@pytest.mark.parametrize("name", ["golden.va", "golden.cir"])
def test_emitted_text_is_as_reviewed(name: str) -> None:
    assert texts()[name] == (FOLDER / name).read_text("utf-8")


if __name__ == "__main__":
    for file, text in texts().items():
        (FOLDER / file).write_text(text, "utf-8")
