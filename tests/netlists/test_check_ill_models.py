"""Each ill model is caught by the check that is meant for it, and its healthy twin is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compactmodels.workflows.check.outcome import FAILED, NOT_APPLICABLE, NOT_RUN
from compactmodels.workflows.check.runner import run
from compactmodels.workflows.check.tools import CARD, NGSPICE, NUMPY, OPENVAF, OSDI
from tests.netlists import check_subjects as ill
from tests.netlists.check_subjects import (
    added,
    conduction,
    edited,
    fails,
    outcome,
    passes,
    subject,
    switching,
)

pytestmark = [pytest.mark.needs_ngspice, pytest.mark.needs_veriloga]

MOVING = subject("ohmic", switching(ill.smooth_window))


# ------------------------------------------------------------------- the six that the issue names


@pytest.mark.parametrize("tool", [NUMPY, NGSPICE, OPENVAF])
def test_a_hard_window(tool: str) -> None:
    for law in (ill.hard_window, ill.sticking_window):
        fails(subject("ohmic", switching(law)), "bounds release", tool)
    found = fails(subject("ohmic", switching(ill.hard_window)), "bounds hold", tool)
    assert found.finding is not None and found.finding.worst["what"] == "jump at the bound"
    passes(MOVING, "bounds release", tool)
    passes(MOVING, "bounds hold", tool)


def test_a_state_that_leaves_its_bounds_in_a_transient() -> None:
    open_ = subject("ohmic", switching(ill.open_window))
    assert fails(open_, "bounds hold", NUMPY).finding.worst["what"] == "rate outwards"  # type: ignore[union-attr]
    assert fails(open_, "state stays", NGSPICE).finding.figure > 1.0  # type: ignore[union-attr]
    passes(MOVING, "state stays", NGSPICE)


def test_growth_that_turns_round_outside_of_its_bounds() -> None:
    fails(subject("ohmic", switching(ill.unbounded_growth)), "bounds hold", NUMPY)


@pytest.mark.parametrize("tool", [NUMPY, OPENVAF])
def test_a_discontinuous_branch(tool: str) -> None:
    step = subject(conduction(ill.discontinuous))
    found = fails(step, "I continuous", tool)
    assert found.finding is not None and found.finding.worst["v"] == pytest.approx(0.3, abs=1e-9)
    slope = subject(conduction(ill.kinked))
    passes(slope, "I continuous", tool)
    fails(slope, "dI/dV continuous", tool)
    square = subject(conduction(ill.bent))
    passes(square, "dI/dV continuous", tool)
    assert fails(square, "d2I/dV2 continuous", tool).finding.worst["v"] == pytest.approx(
        0.0, abs=1e-9
    )  # type: ignore[union-attr]
    for check in ("I continuous", "dI/dV continuous", "d2I/dV2 continuous"):
        passes(subject(conduction(ill.continuous)), check, tool)


def test_a_rate_with_a_kink() -> None:
    fails(subject("ohmic", switching(ill.integrating)), "rates continuous", NUMPY)
    passes(MOVING, "rates continuous", NUMPY)


@pytest.mark.parametrize("tool", [NUMPY, NGSPICE, OPENVAF])
def test_a_state_that_integrates_an_offset(tool: str) -> None:
    fails(subject("ohmic", switching(ill.integrating)), "no drift", tool)
    passes(MOVING, "no drift", tool)


def test_a_text_that_drifts_though_its_law_does_not() -> None:
    drifting = added(MOVING, "Idrift 0 w 1e-15")  # 1e-9 of the range in a second
    fails(drifting, "no drift", NGSPICE)
    passes(drifting, "no drift", NUMPY)


@pytest.mark.parametrize("tool", [NUMPY, NGSPICE, OPENVAF])
def test_a_wrong_sign(tool: str) -> None:
    fails(subject(conduction(ill.wrong_sign)), "V I >= 0", tool)
    passes(subject("ohmic"), "V I >= 0", tool)


@pytest.mark.parametrize("tool", [NUMPY, OPENVAF])
def test_a_pole_where_the_barriers_differ(tool: str) -> None:
    """Brinkman's printed form is 0/0 at V = phi2 - phi1; ours, of the same numbers, is not."""
    part = conduction(ill.naive_tunnelling, *ill.TUNNELLING)
    card = ill.card_of(part).with_values({"b_phi1": 0.41, "b_phi2": 0.35}, "assumed")
    found = fails(ill.subject_of(card), "finite", tool)
    assert found.finding is not None and found.finding.worst["v"] == pytest.approx(-0.06, abs=1e-12)
    twin = ill.card_of("direct_tunneling").with_values({"b_phi1": 0.41, "b_phi2": 0.35}, "assumed")
    passes(ill.subject_of(twin), "finite", tool)


def test_a_missing_hold() -> None:
    free = edited(MOVING, ("(1 - {hold})*", "(1 - 0)*"), ("{hold}*({w0}", "0*({w0}"))
    fails(free, "operating point", NGSPICE)
    passes(MOVING, "operating point", NGSPICE)
    loose = edited(MOVING, ("hold > 0.5", "hold > 2.0"), text="veriloga")
    fails(loose, "operating point", OPENVAF)
    passes(MOVING, "operating point", OPENVAF)


# -------------------------------------------------------------------------- every other check, too


@pytest.mark.parametrize(
    ("text", "tool", "current", "rate"),
    [
        ("subcircuit", NGSPICE, ("{b_g}*vd", "(1 + 1e-8)*{b_g}*vd"), ("1 - wd", "1.00000001 - wd")),
        ("veriloga", OPENVAF, ("b_g*v", "1.00000001*b_g*v"), ("1.0 - w", "1.00000001 - w")),
    ],
    ids=["subcircuit", "veriloga"],
)
def test_an_emitter_that_is_off_by_1e_8(
    text: str, tool: str, current: tuple[str, str], rate: tuple[str, str]
) -> None:
    """Each is caught where it is, and only there."""
    checks = ("currents agree", "rates agree")
    for pair, expected in ((current, [FAILED, "passed"]), (rate, ["passed", FAILED])):
        result = run(edited(MOVING, pair, text=text), only=checks, tools=(tool,))
        assert [o.status for o in result.outcomes] == expected


@pytest.mark.parametrize("tool", [NUMPY, NGSPICE, OPENVAF])
def test_a_current_at_0_v(tool: str) -> None:
    fails(subject(conduction(ill.offset)), "I(0) = 0", tool)
    passes(subject("ohmic"), "I(0) = 0", tool)


@pytest.mark.parametrize("tool", [NUMPY, NGSPICE, OPENVAF])
def test_a_step_in_temperature(tool: str) -> None:
    found = fails(subject(conduction(ill.jumps_with_temperature)), "temperature", tool)
    assert found.finding is not None
    assert found.finding.figure == pytest.approx(0.01, rel=0.02)
    assert found.finding.worst["temperature"] == pytest.approx(340.0, abs=15.0)
    passes(subject("activated_ohmic"), "temperature", tool)


def test_a_subcircuit_that_knows_the_sign_of_v() -> None:
    lame = edited(
        subject("sinh"), ("sinh_limited(vd/{b_v0})", "sinh_limited(vd/{b_v0} + 1e-7*vd*vd)")
    )
    fails(lame, "odd symmetry", NGSPICE)
    passes(subject("sinh"), "odd symmetry", NGSPICE)
    lonely = outcome(subject(conduction(ill.bent)), "odd symmetry", NUMPY)
    assert lonely.status == NOT_APPLICABLE and "no branch" in lonely.reason


def test_an_area_that_is_forgotten() -> None:
    one = edited(MOVING, ("Bb p n I={size}*", "Bb p n I="))
    fails(one, "area scaling", NGSPICE)
    fails(one, "m factor", NGSPICE)
    passes(MOVING, "area scaling", NGSPICE)
    passes(MOVING, "m factor", NGSPICE)


def test_a_small_signal_that_is_no_derivative() -> None:
    fails(added(MOVING, "Rq p q 1meg\nCq q n 1"), "AC = derivative", NGSPICE)
    passes(MOVING, "AC = derivative", NGSPICE)


def test_a_transient_that_cannot_be_run() -> None:
    found = fails(subject("ohmic", switching(ill.rooted)), "transient converges", NGSPICE)
    assert found.finding is not None and "said" in found.finding.worst
    passes(MOVING, "transient converges", NGSPICE)
    passes(MOVING, "transient agrees", NGSPICE)


def test_a_leak_to_ground() -> None:
    fails(added(MOVING, "Rleak p 0 1e12"), "terminal currents", NGSPICE)
    passes(MOVING, "terminal currents", NGSPICE)


def test_a_capacitance_that_pumps_charge() -> None:
    pump = added(MOVING, "Bpump p n I=1e-16*abs(ddt(v(p,n)))")
    fails(pump, "charge", NGSPICE)
    passes(MOVING, "charge", NGSPICE)
    passes(MOVING, "charge", OPENVAF)


def test_a_parameter_file_that_loses_something() -> None:
    whole = ill.subject_of(ill.card_of("sinh"))
    passes(whole, "parameter file", CARD)
    fails(edited(whole, ("b_g=1e-06", "b_g=1.0000001e-06")), "parameter file", CARD)
    unnamed = outcome(subject(conduction(ill.bent)), "parameter file", CARD)
    assert unnamed.status == NOT_APPLICABLE and "no file can name" in unnamed.reason


def test_a_device_without_noise() -> None:
    from netlists.subcircuit import subcircuit

    silent = replace(MOVING, subcircuit=subcircuit(MOVING.card, noise=False))
    assert fails(silent, "noise", NGSPICE).finding.figure == pytest.approx(1.0)  # type: ignore[union-attr]
    passes(MOVING, "noise", NGSPICE)


# ------------------------------------------------------------------------------- what is not there


def test_a_tool_that_is_missing_is_never_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    from netlists import osdi
    from veriloga import compiled

    monkeypatch.setattr(osdi, "unavailable", lambda: "no C compiler here")
    monkeypatch.setattr(compiled, "available", lambda: False)
    result = run(
        subject("ohmic"), only=("currents agree", "I(0) = 0"), tools=(NUMPY, OPENVAF, OSDI)
    )
    by_tool = {(o.check, o.tool): o for o in result.outcomes}
    assert by_tool["currents agree", OSDI].status == NOT_RUN
    assert by_tool["currents agree", OSDI].reason == "no C compiler here"
    assert "openvaf-py is not installed" in by_tool["currents agree", OPENVAF].reason
    assert by_tool["I(0) = 0", NUMPY].status == "passed"
    assert result.ok and len(result.of(NOT_RUN)) == 4


def test_a_text_that_no_tool_reads_fails_with_the_tools_own_words() -> None:
    broken = edited(MOVING, (".func b_i", ".func b_j"))
    found = outcome(broken, "currents agree", NGSPICE)
    assert found.status == FAILED and "ngspice" in found.reason
    rejected = edited(MOVING, ("analog begin", "analog begine"), text="veriloga")
    found = outcome(rejected, "currents agree", OPENVAF)
    assert found.status == FAILED and "OpenVAF refuses" in found.reason
