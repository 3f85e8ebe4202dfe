r"""Equations of docstrings as plain text, for the comments of what is emitted.

The parts' docstrings hold their equations in the subset of LaTeX that the documentation needs; a
circuit designer reads them in a comment of ASCII: ``\frac{q V}{n k T}`` becomes ``(q V)/(n k T)``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|\s+|[{}^_&]|\d+(?:\.\d+)?|[A-Za-z]|.", re.DOTALL)
_DROPPED: Final = frozenset({r"\!", r"\left", r"\right", "&"})
_SPACES: Final = {r"\,": " ", r"\quad": ";  ", r"\qquad": ";  ", r"\ ": " "}
_WORDS: Final = {r"\to": " -> ", r"\varepsilon": "eps", r"\epsilon": "eps", r"\le": " <= "}
_UPRIGHT: Final = frozenset({r"\mathrm", r"\operatorname", r"\text"})
_FUNCTIONS: Final = frozenset({"exp", "ln", "sin", "cos", "sinh", "cosh", "tanh", "sgn"})
_CALLED: Final = _FUNCTIONS | {"sqrt", "Theta", "relaxation"}
_NAME: Final = r"(?:\d+(?:\.\d+)?|[A-Za-z][A-Za-z0-9_']*)(?:\^[\w+-]+)?[*+]?"
_ATOM: Final = re.compile(rf"{_NAME}|[a-z]*\([^()]*\)(?:\^[\w+-]+)?")


def plain_formula(latex: str) -> str:
    r"""A formula in ASCII.

    Parameters
    ----------
    latex : str
        In the subset that the docstrings use: fractions, roots, sub- and superscripts, Greek
        letters, the usual functions; ``\\`` parts equations.

    Returns
    -------
    str
        One line for each equation.  What is not of the subset stays as it is: this is for readers,
        never computed with.

    Examples
    --------
    >>> plain_formula(r"I = A\,A^* T^2 e^{-\phi_B/kT}\left(e^{qV/nkT} - 1\right)")
    'I = A A* T^2 exp(-phi_B/kT) (exp(qV/nkT) - 1)'
    >>> plain_formula(r"\dot w = \frac{1}{\tau}\,\sinh\frac{V^+}{V_{set}}")
    'dw/dt = 1/tau sinh(V^+/V_set)'
    """
    lines = []
    for equation in re.split(r"\\\\", latex):
        reader = _Reader(_TOKEN.findall(equation))
        text = reader.group()
        while reader.tokens:  # a brace that opens nothing
            reader.tokens.pop()
            text += reader.group()
        lines.append(_tidy(text))
    return "\n".join(line for line in lines if line)


class _Reader:
    """Consumes the tokens of one equation."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]

    def group(self) -> str:
        """Everything up to the closing brace or the end."""
        parts: list[str] = []
        while self.tokens and self.tokens[-1] != "}":
            symbol = self.tokens.pop()
            if symbol == "^" and parts and parts[-1] == "e" and self.tokens[-1:] == ["{"]:
                parts[-1] = f" exp({self.argument()}) "
            elif symbol in "^_":
                parts.append(_script(symbol, self.argument()))
                if self.tokens and self.tokens[-1].isalnum():
                    parts.append(" ")
            else:
                parts.append(self.one(symbol))
        return "".join(parts)

    def argument(self) -> str:
        """What a command applies to: a group in braces or the next symbol."""
        while self.tokens and self.tokens[-1].isspace():
            self.tokens.pop()
        symbol = self.tokens.pop() if self.tokens else ""
        if symbol != "{":
            # LaTeX takes one digit, not the whole number.
            if symbol.isdigit() and len(symbol) > 1:
                self.tokens.append(symbol[1:])
                symbol = symbol[0]
            return self.one(symbol).strip()
        text = self.group()
        if self.tokens:
            self.tokens.pop()
        return _tidy(text)

    def one(self, symbol: str) -> str:
        """A single symbol, and what it takes with it."""
        if symbol in _DROPPED:
            return ""
        if symbol == "{":
            self.tokens.append(symbol)
            return self.argument()
        if symbol in (r"\frac", r"\tfrac"):
            over, under = self.argument(), self.argument()
            return f" {_wrapped(over, r'[-+]')}/{_wrapped(under, r'[-+ /]')} "
        if symbol == r"\sqrt":
            return f" sqrt({self.argument()}) "
        if symbol == r"\dot":
            return f" d{self.argument()}/dt"
        if symbol in _UPRIGHT:
            return self._named(self.argument())
        if symbol in _SPACES or symbol in _WORDS:
            return _SPACES.get(symbol) or f" {_WORDS[symbol]}"
        if symbol.startswith("\\"):
            return self._named(symbol[1:])
        return " " if symbol.isspace() else symbol

    def _named(self, name: str) -> str:
        """A Greek letter or a function; a function takes a fraction or a root whole."""
        if name not in _FUNCTIONS:
            return f" {name}"
        while self.tokens and (self.tokens[-1].isspace() or self.tokens[-1] in _DROPPED):
            self.tokens.pop()
        if self.tokens and self.tokens[-1] == r"\frac":
            return f" {name}({self.one(self.tokens.pop()).strip()}) "
        bracket = self.tokens and self.tokens[-1] in "(["
        return f" {name}" if bracket else f" {name} "


def _script(mark: str, text: str) -> str:
    if mark == "^" and text == "*":
        return "* "
    plain = re.fullmatch(r"[A-Za-z]+|\d+|[+-]" if mark == "^" else r"\w+", text)
    return f"{mark}{text}" if plain else f"{mark}({text})"


def _wrapped(text: str, needs: str) -> str:
    """In parentheses unless it binds by itself."""
    alone = _ATOM.fullmatch(text) or not re.search(needs, text)
    return text if alone else f"({text})"


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*/\s*", "/", text)
    text = re.sub(r"([(\[]) ", r"\1", text)
    text = re.sub(r" ([)\],;^_])", r"\1", text)
    text = re.sub(r"(^|[(\[]|= )- ", r"\1-", text)  # a sign, no difference
    text = re.sub(r"([)\]])(?=[(\[])", r"\1 ", text)
    text = re.sub(r"(\w+\*?)([(\[])(?=.*[-+])", _spaced, text)
    text = re.sub(r"([,;])\s*;", r"\1", text)
    return text.strip(" ;,")


def _spaced(match: re.Match[str]) -> str:
    """A space between a factor and a bracket, none after a function's name."""
    name, bracket = match.groups()
    return match.group() if name in _CALLED or len(name) == 1 else f"{name} {bracket}"


def equation_lines(function: Callable[..., Any]) -> list[str]:
    """The equation of a part in words and ASCII.

    Parameters
    ----------
    function : callable
        A part's function; its docstring's first paragraph says what is returned, the paragraphs up
        to ``Parameters`` hold the equation.

    Returns
    -------
    list of str
        A line for each equation and each paragraph, formulas indented by two spaces; the first
        line of the docstring is left out.
    """
    return [*_equation(function), *_helpers(function)]


def _equation(function: Callable[..., Any]) -> Iterator[str]:
    doc = inspect.cleandoc(function.__doc__ or "").split("\nParameters\n")[0].strip()
    doc = doc.partition("\n\n")[2] or doc
    for paragraph in re.split(r"\n\s*\n(?!    )", doc):
        head, _, formula = paragraph.partition(".. math::")
        if head.strip():
            yield _prose(head)
        for line in plain_formula(formula).splitlines():
            yield f"  {line}"


def _helpers(function: Callable[..., Any]) -> Iterator[str]:
    """The formulas of the functions that the docstring refers to, such as ``overdrive``."""
    names = re.findall(r":func:`[\w.]*?(\w+)`", function.__doc__ or "")
    for name in dict.fromkeys(names):
        helper = getattr(function, "__globals__", {}).get(name)
        if helper is not None:
            yield from (line for line in _equation(helper) if line.startswith("  "))


def _prose(text: str) -> str:
    text = re.sub(r":math:`([^`]*)`", lambda m: plain_formula(m.group(1)), text)
    text = re.sub(r":\w+:`(?:[\w.]*\.)?(\w+)`", r"\1", text)
    return re.sub(r"\s+", " ", text.replace("``", "")).strip()
