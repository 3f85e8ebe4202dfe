"""A model as C behind the OSDI interface, from the same traced equations as every other form.

States and junction voltages are nodes of their own, as in the emitted Verilog-A. What depends on
parameters and the temperature alone is settled once an instance; the rest is evaluated in Newton's
iteration, with its derivatives by the chain rule over the named intermediates
(:mod:`compactmodels.chain`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sympy

from compactmodels import __version__, noise
from compactmodels.chain import (
    SLOPE,
    ZERO,
    Chain,
    as_expression,
    differentiated,
    names_in,
    needed,
    words,
)
from compactmodels.codeprinter import composite_body, composites_used
from compactmodels.model import Model
from compactmodels.names import comment
from compactmodels.symbolic import Assignment, symbol, tracing
from compactmodels.templating import render
from compactmodels.traced import (
    STATE_CAPACITANCE,
    TEMPERATURE,
    TERMINAL,
    TracedBranch,
    TracedModel,
    trace,
)
from netlists.osdi_printer import OWN, PAIRS, SETTLED, CPrinter, c_bound, c_string
from netlists.osdi_system import Row, system

FLAGS: Final = (
    *("-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"),
    "-fno-math-errno",  # nobody reads errno; without it equal calls are made once
)
"""Of the C compiler. No -ffast-math: the numbers are those of every other form."""
INSTANCE: Final = ("w0", "s0", "hold", "m")
"""Parameters that every model has besides its own; in this order, before them."""
LEAST_CONDUCTANCE: Final = "1e-30"
"""S: below, a resistance is not told from its inverse."""
Lines = list[tuple[str, str]]


def source(
    model: Model,
    module: str,
    *,
    heading: str,
    origin: Iterable[str] = (),
    defaults: Mapping[str, float] | None = None,
) -> str:
    """The C text of a model.

    Parameters
    ----------
    model : Model
    module : str
        Name of the device type: an identifier.
    heading : str
        What the first line says after the name.
    origin : iterable of str
        Further lines of the heading.
    defaults : mapping, optional
        Value of each parameter in its declared unit where neither ``.model`` nor an instance gives
        one; the model's own unless given.

    Raises
    ------
    PrinterError
        An equation with a function that C's printer lacks.
    """
    return render(
        "netlists",
        "osdi.c.j2",
        module=module,
        heading=comment(heading),
        origin=[comment(line) for line in origin],
        version=__version__,
        flags=" ".join(FLAGS),
        c_state=repr(STATE_CAPACITANCE),
        parameters=_parameters(model, model.defaults if defaults is None else defaults),
        **_Writer(trace(model)).context(),
    )


class _Writer:
    """Sorts assignments into set-up and evaluation, and writes each part of the file."""

    def __init__(self, traced: TracedModel) -> None:
        self.traced = traced
        series = [b for b in traced.branches if b.branch.series]
        self.states = list(traced.rates)
        self.nodes = {b.junction: f"{b.branch.name}_j" for b in series} | {
            s: s for s in self.states
        }
        self.unknowns = [TERMINAL, *self.nodes]
        self.weights = {b.branch.name: self._weight(b) for b in traced.branches}
        weights = [w for w in self.weights.values() if isinstance(w, Assignment)]
        self.running = set(self.unknowns)
        self.setup: list[Assignment] = []
        for assignment in (*traced.assignments, *weights):
            if names_in(assignment.expression) & self.running:
                self.running.add(assignment.name)
            else:
                self.setup.append(assignment)
        self.expressions = [a.expression for a in (*traced.assignments, *weights)]
        moved = ("hold", *(f"{s}0" for s in self.states)) if self.states else ()
        self.settled: dict[str, None] = dict.fromkeys(moved)
        self.write = CPrinter(self.running, self.settled)

    @staticmethod
    def _weight(traced: TracedBranch) -> Any:
        """The weight as an assignment; 1 where it always is."""
        if traced.weight == 1.0:
            return sympy.Integer(1)
        return Assignment(f"{traced.branch.name}_weight", as_expression(traced.weight))

    def _weighed(self, name: str) -> Any:
        weight = self.weights[name]
        return symbol(weight.name) if isinstance(weight, Assignment) else weight

    # -- the parts of the file -------------------------------------------------------------------
    def context(self) -> dict[str, Any]:
        """What the template needs besides parameters and names."""
        branches = [self._branch(b) for b in self.traced.branches]
        chain = Chain(self.unknowns, self.write)
        for b in self.traced.branches:
            chain.moving[b.junction][b.current] = f"d_{b.current}"
        lines = self._weigh(chain)
        current, terminal = self._terminal(chain)
        lines += current
        rows = [terminal, *self._junctions(chain)]
        rate_lines, states = self._rates(chain)
        opvars = self._opvars()
        densities = self._densities(branches)
        results = [r.flow for r in rows] + [t for r in (*rows, *states) for t in r.slopes.values()]
        results += [t for _, t in rate_lines] + [o["text"] for o in opvars]
        rows += states
        setup = self._set_up()
        law = self.traced.model.switching
        context = {
            "states": self.states,
            "nodes": ["p", "n", *self.states, *(r.node for r in rows if r.name.endswith("_j"))],
            "terminals": 2 + len(self.states),
            "unknowns": self.unknowns,
            "node_of": self.nodes,
            "rows": rows,
            "charged": [r for r in rows if r.charge],
            **system(rows, self.nodes),
            "branches": branches,
            "lines": needed(lines, results),
            "rate_lines": rate_lines,
            "switching_title": comment(law.title) if law else "",
            "switching_reference": comment(law.reference) if law else "",
            "opvars": opvars,
            "nearest": repr(noise.SMALLEST_BIAS),
            **densities,
            "settled": list(self.settled),
            "setup": setup,
            "temperature_used": any("kelvin" in text for _, text in setup),
        }
        return context | self._functions(_all_words(context))

    def _branch(self, traced: TracedBranch) -> dict[str, Any]:
        """The function that computes a branch's current and slope."""
        write = CPrinter(self.running)
        chain = Chain([traced.junction], write)
        own = [a for a in traced.assignments if a.name in self.running]
        lines = [line for a in own for line in chain.add(a)]
        slope = chain.moving[traced.junction].get(traced.current, ZERO)
        current = write(symbol(traced.current))
        self.settled |= write.settled
        return {
            "name": traced.branch.name,
            "title": comment(traced.branch.mechanism.title),
            "reference": comment(traced.branch.mechanism.reference),
            "x": traced.junction,
            "lines": needed(lines, [current, slope]),
            "current": current,
            "slope": slope,
            "uses_settled": bool(write.settled),
        }

    def _weigh(self, chain: Chain) -> Lines:
        """Weights that run, and their derivatives."""
        weights = [w for w in self.weights.values() if isinstance(w, Assignment)]
        return [line for w in weights if w.name in self.running for line in chain.add(w)]

    @staticmethod
    def _resistance(traced: TracedBranch) -> Any:
        """All that lies in series with a branch's junction [ohm]."""
        return symbol(f"{traced.branch.name}_r_s")

    def _slopes(self, chain: Chain, expression: Any) -> dict[str, str]:
        texts = {x: chain.slope(expression, x) for x in self.unknowns}
        return {x: text for x, text in texts.items() if text != ZERO}

    def _terminal(self, chain: Chain) -> tuple[Lines, Row]:
        """Current into p of one device, and the equation of all parallel ones."""
        carried = [self._weighed(b.branch.name) * symbol(b.current) for b in self.traced.branches]
        total = sympy.Add(*carried) + symbol("gmin") * symbol(TERMINAL)
        self.write.local.add("current")
        lines = chain.add(Assignment("current", symbol("scale") * total))
        current = symbol("m") * symbol("current")
        capacity = self.write(symbol("m") * symbol("scale") * symbol("cap"))
        slopes = self._slopes(chain, current)
        charge = f"{capacity} * {TERMINAL}"
        row = Row("terminal", "p", self.write(current), slopes, charge=charge, capacity=capacity)
        return lines, row

    def _junctions(self, chain: Chain) -> list[Row]:
        """Junction voltages, as a balance of currents into 1 S."""
        rows = []
        for b in self.traced.branches:
            if b.branch.series:
                name = b.branch.name
                # an exponential branch's weight acts behind the resistance
                carried = self._weighed(name) if b.branch.exponential else 1
                drop = self._resistance(b) * carried * symbol(b.current)
                balance = symbol(b.junction) - symbol(TERMINAL) + drop
                slopes = self._slopes(chain, balance)
                rows.append(Row(f"balance_{name}_j", f"{name}_j", self.write(balance), slopes))
        return rows

    def _rates(self, chain: Chain) -> tuple[Lines, list[Row]]:
        """Lines of the states' rates, and their equations."""
        own = [a for a in self.traced.switching if a.name in self.running]
        lines = [line for a in own for line in chain.add(a)]
        rows = []
        for state, name in self.traced.rates.items():
            slopes = {state: ZERO} | self._slopes(chain, symbol(name))
            rows.append(
                Row(
                    f"balance_{state}",
                    state,
                    self.write(symbol(name)),
                    slopes,
                    state,
                    f"C_STATE * {state}",
                    "C_STATE",
                )
            )
        results = [text for row in rows for text in (row.flow, *row.slopes.values())]
        return needed(lines, results), rows

    def _opvars(self) -> list[dict[str, str]]:
        """What an operating point tells of one device, by the names that the Verilog-A has."""
        ohm = f"1.0 / F_max(conductance, {LEAST_CONDUCTANCE})"
        found = [
            (TERMINAL, TERMINAL, "V", "voltage from p to n"),
            ("current", "current", "A", "static current into p"),
            ("slope", "slope", "S", "differential conductance dI/dV, states held"),
            ("conductance", "conductance", "S", "I/V; at 0 V its limit"),
            ("resistance", ohm, "ohm", "V/I; at 0 V its limit"),
            ("power", f"{TERMINAL} * current", "W", "dissipated power"),
            ("temperature", self.write(symbol(TEMPERATURE)), "K", "device temperature"),
        ]
        for s, title in (("w", "non-volatile"), ("s", "volatile")):
            found.append((s, self.write(symbol(s)), "1", f"{title} state"))
        for b in self.traced.branches:
            share = symbol("scale") * self._weighed(b.branch.name) * symbol(b.current)
            title = f"current of the branch {b.branch.name}"
            found.append((f"{b.branch.name}_current", self.write(share), "A", title))
        return [
            {"name": name, "text": text, "unit": c_string(unit), "doc": c_string(doc)}
            for name, text, unit, doc in found
        ]

    def _densities(self, branches: list[dict[str, Any]]) -> dict[str, Any]:
        """Noise of each branch, added to what the template knows of it, and of the leakage."""
        area, temperature = symbol("m") * symbol("scale"), symbol(TEMPERATURE)
        used: set[str] = set()
        for b, out in zip(self.traced.branches, branches, strict=True):
            weight = as_expression(b.weight)
            with tracing(f"{b.branch.name}_") as tracer:
                density = noise.branch_density(
                    b.branch.mechanism.noise,
                    symbol(b.current),
                    symbol(f"d_{b.current}"),
                    symbol(b.junction),
                    temperature,
                    weight=weight,
                    carried=weight if b.branch.exponential else 1.0,
                    r_s=self._resistance(b) if b.branch.series else None,
                )
                tracer.assign("noise", area * density)
            traced = tracer.assignments
            own = {a.name for a in traced} | {b.current, f"d_{b.current}"}
            write = CPrinter({*self.unknowns, *own}, self.settled)
            out["noise_lines"] = [(a.name, write(a.expression)) for a in traced]
            used |= {b.junction}.union(*(names_in(a.expression) for a in traced))
            self.expressions += [a.expression for a in traced]
        leakage = self.write(area * noise.resistor_density(symbol("gmin"), temperature))
        return {
            "leakage_noise": leakage,
            "noise_unknowns": [u for u in self.unknowns if u in used],
        }

    def _set_up(self) -> Lines:
        """Lines that settle what the evaluation needs: what is assigned to, and its text."""
        names = [*INSTANCE, *(p.name for p in self.traced.model.parameters)]
        places = {name: k for k, name in enumerate(names)}
        places |= {s: places[f"{s}0"] for s in ("w", "s") if s not in self.states}
        temporary = {*places, TEMPERATURE, *(a.name for a in self.setup)} - self.settled.keys()
        write = CPrinter(temporary, self.settled)
        lines = [(name, f"p[{k}]") for name, k in places.items()]
        lines += [(TEMPERATURE, "kelvin")]
        lines += [(a.name, write(as_expression(a.expression))) for a in self.setup]
        return [
            (f"const double {name}" if name in temporary else f"{SETTLED}{name}", text)
            for name, text in needed(lines, self.settled)
        ]

    def _functions(self, called: set[str]) -> dict[str, Any]:
        """Functions that the texts call: composites and their slopes, each after what it needs."""
        write = CPrinter({"x"})
        helpers: Lines = []
        for name in composites_used(self.expressions):
            body = composite_body(name)
            helpers.append((f"{OWN}{name}", write(body)))
            helpers.append((f"{OWN}{name}{SLOPE}", write(differentiated(body, "x"))))
        helpers = needed(helpers, called)
        called = called | _all_words(helpers)
        return {"helpers": helpers, "pair_functions": [f for f in PAIRS.values() if f in called]}


def _all_words(value: Any) -> set[str]:
    """Names in all texts of a nested structure."""
    if isinstance(value, str):
        return words(value)
    if isinstance(value, Row):
        value = [value.flow, *value.slopes.values()]
    inner = value.values() if isinstance(value, Mapping) else value
    return set().union(*map(_all_words, inner)) if isinstance(inner, Iterable) else set()


def _parameters(model: Model, defaults: Mapping[str, float]) -> list[dict[str, str]]:
    """Every parameter as the description lists it."""
    common = [
        ("w0", 0.0, 0.0, 1.0, "1", "initial non-volatile state"),
        ("s0", 0.0, 0.0, 1.0, "1", "initial volatile state"),
        ("hold", 0.0, 0.0, 1.0, "1", "1 pins the states at w0 and s0"),
        ("m", 1.0, 0.0, float("inf"), "1", "parallel devices"),
    ]
    own = [(p.name, defaults[p.name], p.lower, p.upper, p.unit, p.doc) for p in model.parameters]
    return [
        {
            "name": name,
            "public": "$mfactor" if name == "m" else name,
            "initial": c_bound(initial),
            "lower": c_bound(lower),
            "upper": c_bound(upper),
            "unit": c_string(unit),
            "doc": c_string(doc),
        }
        for name, initial, lower, upper, unit, doc in (*common, *own)
    ]
