"""Models that are ill on purpose, each with a healthy twin, for the tests of the checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.constants import ELEMENTARY_CHARGE, HBAR
from compactmodels.functions import exp, let, maximum, minimum, sinh, smoothstep, sqrt, where
from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction, Switching
from compactmodels.workflows.check.outcome import FAILED, PASSED, Outcome
from compactmodels.workflows.check.runner import run
from compactmodels.workflows.check.subject import Subject, subject_of

G = Parameter("g", 1e-6, "S", "conductance", 1e-18, 1e6, log=True)
RATE = Parameter("k", 1e3, "1/s", "rate at 1 V", 1e-12, 1e15, log=True)


def conduction(function: Callable[..., Any], *parameters: Parameter) -> Conduction:
    return Conduction(
        function.__name__, "a test's", function, parameters or (G,), "none (2024)", "-"
    )


def switching(function: Callable[..., Any], *parameters: Parameter) -> Switching:
    return Switching(
        function.__name__, "a test's", function, parameters or (RATE,), "none (2024)", "-"
    )


def card_of(part: Conduction | str = "ohmic", law: Switching | str | None = None) -> ModelCard:
    """One branch, whose conductance follows w where a law moves it."""
    mechanism = registry.conduction(part) if isinstance(part, str) else part
    moved = registry.switching(law) if isinstance(law, str) else law
    mix = "constant" if moved is None else "on"
    return ModelCard("dut", Model((Branch("b", mechanism, mix),), moved), {})


def subject(part: Conduction | str = "ohmic", law: Switching | str | None = None) -> Subject:
    return subject_of(card_of(part, law))


def edited(of: Subject, *pairs: tuple[str, str], text: str = "subcircuit") -> Subject:
    """The subject with something else in one of its texts; what is replaced must be there."""
    new = getattr(of, text)
    for old, other in pairs:
        assert old in new, f"{old!r} is not in the {text}"
        new = new.replace(old, other)
    return replace(of, **{text: new})


def added(of: Subject, line: str) -> Subject:
    """The subject with one more line in its subcircuit."""
    return edited(of, (".ends dut", f"{line}\n.ends dut"))


def outcome(of: Subject, check: str, tool: str) -> Outcome:
    """Of one check in one tool."""
    (found,) = run(of, only=(check,), tools=(tool,)).outcomes
    return found


def fails(of: Subject, check: str, tool: str) -> Outcome:
    """The outcome, which must be a failure."""
    found = outcome(of, check, tool)
    assert found.status == FAILED, (check, tool, found)
    return found


def passes(of: Subject, check: str, tool: str) -> Outcome:
    """The outcome, which must be a pass."""
    found = outcome(of, check, tool)
    assert found.status == PASSED, (check, tool, found)
    return found


# ------------------------------------------------------------------------------------- conduction


def discontinuous(v: Any, temperature: Any, g: Any) -> Any:
    """A regime that begins with a step of 1e-4."""
    return g * v * where(v >= 0.3, 1.0001, 1.0)


def continuous(v: Any, temperature: Any, g: Any) -> Any:
    """The same with a twice differentiable rise."""
    return g * v * (1.0 + 1e-4 * smoothstep((v - 0.3) / 0.1))


def kinked(v: Any, temperature: Any, g: Any) -> Any:
    """A slope that jumps by a thousandth."""
    return g * v + 1e-3 * g * maximum(v - 0.3, 0.0)


def bent(v: Any, temperature: Any, g: Any) -> Any:
    """A square law of either sign: its curvature jumps at 0 V."""
    return g * v + g * v * where(v >= 0, v, -v)


def wrong_sign(v: Any, temperature: Any, g: Any) -> Any:
    """A term with a sign of its own: above 1 V the device delivers power."""
    return g * (v - v * v * v)


def offset(v: Any, temperature: Any, g: Any) -> Any:
    """Emission without the backward current: it flows at 0 V."""
    return g * 0.05 * exp(v / 0.5)


def naive_tunnelling(
    v: Any, temperature: Any, phi1: Any, phi2: Any, thickness: Any, mass: Any, area: Any
) -> Any:
    """Brinkman's closed form as it is printed: 0/0 at V = phi2 - phi1, complex beyond 2 phi."""
    e = ELEMENTARY_CHARGE
    one, two = let("one", phi1 / e), let("two", phi2 / e)
    alpha = let("alpha", 4 * thickness * sqrt(2 * e * mass) / (3 * HBAR) / (one + v - two))
    # The roots are kept real, so that the pole is what is found.
    a = let("a", sqrt(maximum(two - v / 2, two / 10)))
    b = let("b", sqrt(maximum(one + v / 2, one / 10)))
    level = area * 4 * e * e * mass / (9 * 3.141592653589793**2 * HBAR**3) * e
    argument = minimum(maximum(0.75 * v * alpha * (a - b), -80.0), 80.0)
    decay = minimum(alpha * (a * a * a - b * b * b), 80.0)
    return -level * exp(decay) / (alpha * alpha * (a - b) * (a - b)) * sinh(argument)


TUNNELLING = registry.conduction("direct_tunneling").parameters


def jumps_with_temperature(v: Any, temperature: Any, g: Any) -> Any:
    """A phase transition as a table would have it."""
    return g * v * where(temperature >= 340.0, 1.01, 1.0)


# -------------------------------------------------------------------------------------- switching


def hard_window(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """A window that cuts: full rate up to the bound, then nothing, for either direction."""
    v3 = v * v * v
    return (where(w < 1.0, where(w > 0.0, k * v3, 0.0), 0.0),)


def smooth_window(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """A window that knows the direction and ends at 0."""
    up, down = maximum(v, 0.0), maximum(-v, 0.0)
    return (k * (up * up * up * (1 - w) - down * down * down * w),)


def sticking_window(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """Joglekar's: 0 at both ends for both directions."""
    return (k * v * v * v * 4 * w * (1 - w),)


def open_window(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """None: the state goes wherever it is driven."""
    return (k * v * v * v,)


def unbounded_growth(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """Growth from nuclei that turns round below 0: what this check found in a law of our own."""
    up, down = maximum(v, 0.0), maximum(-v, 0.0)
    return (k * (up * up * up * (w + 1e-5) / (w + 1e-2) * (1 - w) - down * down * down * w),)


def integrating(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """The integral of the voltage, offset and rounding included."""
    return (k * (maximum(v, 0.0) * (1 - w) - maximum(-v, 0.0) * w),)


def rooted(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
    """A rate that ends with the root of nothing; the next step asks for that of less."""
    return (k * v * v * sqrt(0.6 - w),)
