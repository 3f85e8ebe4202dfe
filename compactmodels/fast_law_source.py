"""A part's equation and its exact slopes as Python source for Numba.

The traced equation (the one that Verilog-A and SPICE are printed from) is taken apart into single
operations, and each is followed by its derivatives (forward mode): the code grows with the number of
operations, where differentiating whole expressions would let it explode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy

from compactmodels import __version__, functions
from compactmodels.chain import as_expression, needed, words
from compactmodels.codeprinter import composite_body
from compactmodels.errors import PrinterError
from compactmodels.fast_law import FAILED, LOWEST
from compactmodels.fast_source import PythonPrinter
from compactmodels.parts import Part
from compactmodels.symbolic import symbol, tracing
from compactmodels.templating import render

_PRINT = PythonPrinter()


def generate(part: Part, moving: tuple[str, ...]) -> str:
    """The module that computes ``part`` and its slopes by its first argument and by ``moving``.

    Parameters
    ----------
    part : Part
        A conduction mechanism, or a decay law.
    moving : tuple of str
        Names of parameters.

    Raises
    ------
    PrinterError
        An operation that has no rule here.
    """
    x, *rest = part.leading
    parameters = [p.name for p in part.parameters]
    with tracing("") as tracer:
        result = part.function(*map(symbol, (x, *rest, *parameters)))
    tape = Tape(x, (x, *moving), {a.name: a.expression for a in tracer.assignments})
    value = tape.atom(as_expression(result))
    slopes = [tape.slopes.get(value, {}).get(name, "0.0") for name in (x, *moving)]
    used = words(" ".join([*(t for _, t in tape.running), value, *slopes]))
    known = [n for n in (*rest, *parameters, *(n for n, _ in tape.setup)) if n in used]
    setup = needed(tape.setup, known)
    look = needed(tape.running, [value, slopes[0]])
    return render(
        "compactmodels",
        "fast_law.py.j2",
        version=__version__,
        x=x,
        rest="".join(f"{name}, " for name in rest),
        parameters=parameters,
        setup=setup,
        slots=known,
        look=look,
        whole=needed(tape.running, [value, *slopes]),
        value=value,
        slopes=slopes,
        failed=FAILED,
        lowest=LOWEST,
    )


@dataclass(slots=True)
class Tape:
    """Operations in their order, each with its derivatives.

    Parameters
    ----------
    x : str
        What runs from point to point; what does not depend on it is computed once.
    moving : tuple of str
        What is differentiated by.
    named : mapping
        Expressions of the names that the equation gave to intermediate values.
    """

    x: str
    moving: tuple[str, ...]
    named: Mapping[str, Any]
    setup: list[tuple[str, str]] = field(default_factory=list)
    running: list[tuple[str, str]] = field(default_factory=list)
    slopes: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[Any, str] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)

    def atom(self, e: Any) -> str:
        """The name (or literal) that holds ``e``."""
        if e not in self.known:
            self.known[e] = self._atom(e)
        return self.known[e]

    def _atom(self, e: Any) -> str:
        if e.is_Number or e.is_NumberSymbol:
            return _PRINT.number(float(e))
        if e.is_Symbol:
            return self._symbol(e.name)
        if e.is_Add:
            atoms = [self.atom(a) for a in e.args]
            return self._emit(" + ".join(atoms), atoms, [(a, "1.0") for a in atoms])
        if e.is_Mul:
            return self._quotient(e)
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, sympy.Piecewise):
            return self._choice(e)
        if e.is_Function:
            return self._function(e)
        raise PrinterError(f"no compiled form of {type(e).__name__}: {e}")

    def _symbol(self, name: str) -> str:
        if name in self.named:
            return self.atom(self.named[name])
        if name in self.moving:
            self.slopes[name] = {name: "1.0"}
        if name == self.x:
            self.runs.add(name)
        return name

    def _quotient(self, e: Any) -> str:
        over = [f for f in e.args if not _reciprocal(f)]
        under = [1 / f for f in e.args if _reciprocal(f)]
        top = self._product([self.atom(f) for f in over]) if over else "1.0"
        return self._divided(top, self._product([self.atom(f) for f in under])) if under else top

    def _product(self, atoms: list[str]) -> str:
        total, *more = atoms
        for a in more:
            total = self._emit(f"{total}*{a}", [total, a], [(total, a), (a, total)])
        return total

    def _divided(self, top: str, under: str) -> str:
        # d(t/u) = dt/u - (t/u) du/u, with the quotient's own name in its derivative
        quotient = self._emit(f"{top}/{under}", [top, under], [])
        inverse = self._emit(f"1.0/{under}", [under], [])
        back = self._emit(f"-{quotient}*{inverse}", [quotient, inverse], [])
        self._differentiate(quotient, [(top, inverse), (under, back)])
        return quotient

    def _power(self, e: Any) -> str:
        base, exponent = e.args
        if not exponent.is_Integer:
            raise PrinterError(f"no compiled form of {e}: integer powers only")
        product = self._product([self.atom(base)] * abs(int(exponent)))
        return product if exponent > 0 else self._divided("1.0", product)

    def _function(self, e: Any) -> str:
        name = e.func.__name__
        if name in functions.COMPOSITES:
            held = self.atom(e.args[0])
            argument = symbol(held) if held.isidentifier() else e.args[0]
            return self.atom(composite_body(name).xreplace({symbol("x"): argument}))
        atoms = [self.atom(a) for a in e.args]
        if name in ("maximum", "minimum"):
            a, b = atoms
            wins = f"{a} {'>=' if name == 'maximum' else '<='} {b}"
            return self._either(wins, a, b, [a, b])
        if name not in functions.PRIMITIVES:
            raise PrinterError(f"no compiled form of the function '{name}'")
        found = self._emit(_PRINT.call(name, atoms), atoms, [])
        if self.slopes.get(atoms[0]):
            x, y = sympy.Symbol(atoms[0], real=True), sympy.Symbol(found, real=True)
            text = _PRINT(as_expression(functions.PRIMITIVES[name].slope(x, y)))
            slope = text if text == found else self._emit(text, [atoms[0], found], [])
            self._differentiate(found, [(atoms[0], slope)])
        return found

    def _choice(self, e: Any) -> str:
        *cases, (last, always) = e.args
        if always != sympy.true:
            raise PrinterError(f"a choice without an 'otherwise' cannot be written: {e}")
        chosen = self.atom(last)
        for value, condition in reversed(cases):
            sides = [self.atom(condition.lhs), self.atom(condition.rhs)]
            wins = f"{sides[0]} {condition.rel_op} {sides[1]}"
            chosen = self._either(wins, self.atom(value), chosen, sides)
        return chosen

    def _either(self, wins: str, yes: str, no: str, asked: list[str]) -> str:
        """``yes`` where ``wins`` holds, else ``no``; both are evaluated, so both are safe."""
        found = self._emit(f"{yes} if {wins} else {no}", [yes, no, *asked], [])
        mine, other = self.slopes.get(yes, {}), self.slopes.get(no, {})
        for name in self.moving:
            a, b = mine.get(name, "0.0"), other.get(name, "0.0")
            if a != b:
                operands = [a, b, *asked, found]
                slope = self._emit(f"{a} if {wins} else {b}", operands, [])
                self.slopes.setdefault(found, {})[name] = slope
            elif a != "0.0":
                self.slopes.setdefault(found, {})[name] = a
        return found

    def _emit(self, text: str, operands: list[str], terms: list[tuple[str, str]]) -> str:
        """A new name for ``text``, whose differential is the sum of factor times d operand."""
        name = f"_{len(self.setup) + len(self.running)}"  # no parameter begins so
        if self.runs.intersection(operands):
            self.runs.add(name)
            self.running.append((name, text))
        else:
            self.setup.append((name, text))
        self._differentiate(name, terms)
        return name

    def _differentiate(self, name: str, terms: list[tuple[str, str]]) -> None:
        for x in self.moving:
            parts, operands = [], []
            for operand, factor in terms:
                slope = self.slopes.get(operand, {}).get(x)
                if slope is not None:
                    parts.append(_times(factor, slope))
                    operands += [factor, slope]
            if len(parts) == 1 and parts[0] in operands:  # a factor of one: nothing to compute
                self.slopes.setdefault(name, {})[x] = parts[0]
            elif parts:
                slope = self._emit(" + ".join(parts), operands, [])
                self.slopes.setdefault(name, {})[x] = slope


def _times(factor: str, slope: str) -> str:
    if factor == "1.0":
        return slope
    return factor if slope == "1.0" else f"{factor}*{slope}"


def _reciprocal(f: Any) -> bool:
    return bool(f.is_Pow and f.args[1].is_Integer and f.args[1] < 0)
