"""How each SPICE writes what a subcircuit needs: one netlister, dialects as data.

Sources: the ngspice manual (46) and measurements; the Xyce Reference Guide (7.10: B device, .FUNC,
.PARAM, .SUBCKT, expressions); the LTspice help (B sources, .func, .param, .ic), in part; of the Star-Hspice manual
2001.2 and the HSPICE user guide Y-2006.03 the chapters on algebraic expressions and G elements.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from compactmodels.errors import NetlistError

LARGEST: Final = 1e300
"""Magnitude up to which a value may stand in a netlist: simulators compute in double precision."""
_WIDTH: Final = 110
_SHORTEST: Final = 40
"""Characters that a line of a statement has at least, where the statement is broken."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One simulator's way of writing.

    Parameters
    ----------
    name, title : str
        As asked for; as the simulator is called.
    ran : str
        What such text was run in: a sentence for the header.
    reference : str
        How a parameter is named inside a behavioural expression.
    value : str
        How an expression stands where a number could.
    digits : int
        Significant digits of a literal that an expression keeps; what needs more becomes a parameter.
    exact_params : bool
        Whether literals keep every digit in ``.param`` lines.
    celsius : str
        The circuit's temperature in an expression [degrees C].
    choice : str
        A condition and what holds with and without it.
    current : str
        A current source from ``a`` to ``b`` through which ``body`` flows.
    function, parameter : str
        Definitions.
    opening : str
        What stands between a subcircuit's pins and its parameters.
    multiplied : bool
        Whether the simulator itself multiplies a subcircuit by an instance's ``m``; else the text does.
    continued : str
        What breaks a long line inside an expression.
    functions : mapping
        Names of primitives that differ from those that SPICE shares.
    lacks : frozenset of str
        Primitives that there are not.
    renamed : mapping
        Parameters by the names that they have to take.
    normal : str
        A draw from a normal distribution around 0.
    uniform : str
        A draw from 0 to 1.
    notes : tuple of str
        What a user has to know, for the header.
    of_noise : str
        What a user of the noise has to know.
    at_rest : tuple of str
        What an operating point shows of a state that is not held.
    cut : str
        What would happen to a long literal.
    mode : str
        ngspice's compatibility mode that runs such text; "" for none.
    """

    name: str
    title: str
    ran: str
    reference: str = "{0}"
    value: str = "{{{0}}}"
    # Measured on ngspice 39: a literal in a B expression is cut to 11 digits, a .param keeps 16.  What the
    # others keep of a literal is not written down.
    digits: int = 10
    exact_params: bool = True
    celsius: str = "temp"
    choice: str = "if({0}, {1}, {2})"
    current: str = "B{name} {a} {b} I={body}"
    function: str = ".func {name}({arguments}) {{ {body} }}"
    parameter: str = ".param {name}={{ {body} }}"
    opening: str = "params: "
    multiplied: bool = False
    continued: str = "\n+   "
    functions: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    normal: str = "agauss(0, {0}, 1)"
    uniform: str = "aunif(0.5, 0.5)"
    notes: tuple[str, ...] = ()
    of_noise: str = ""
    at_rest: tuple[str, ...] = (
        "(With hold = 0 an .op gives the equilibrium after infinite time, whatever w0 and s0 are.)",
    )
    cut: str = "numbers of many digits"
    mode: str = ""

    def source(self, name: str, a: str, b: str, body: str) -> str:
        """A behavioural current source."""
        return self.folded(self.current.format(name=name, a=a, b=b, body=body))

    def define(self, name: str, arguments: tuple[str, ...], body: str) -> str:
        """A function."""
        return self.folded(
            self.function.format(name=name, arguments=", ".join(arguments), body=body)
        )

    def fix(self, name: str, body: str) -> str:
        """A parameter that an expression gives."""
        return self.folded(self.parameter.format(name=name, body=body))

    def worth(self, expression: str) -> str:
        """An expression as the value of an element or a parameter."""
        return self.value.format(expression)

    @property
    def size(self) -> str:
        """The parameter that stands for the number and the area of the devices beside each other."""
        return "scale" if self.multiplied else "size"

    def called(self, name: str) -> str:
        """A parameter's name here."""
        return self.renamed.get(name, name)

    def folded(self, line: str) -> str:
        """The statement in lines of readable length."""
        lines, rest = [], line
        while len(rest) > _WIDTH and (cut := _break(rest)) > 0:
            lines.append(rest[:cut])
            rest = rest[cut:].lstrip()
        return self.continued.join([*lines, rest])


def _break(line: str) -> int:
    """How much of the line to keep: up to the operator within the fewest parentheses, sums before products."""
    depth, best = 0, (math.inf, False, -1)
    for k, character in enumerate(line[:_WIDTH]):
        depth += (character in "({") - (character in ")}")
        sum_or_choice = character == " " and line[k + 1 : k + 3] in {"+ ", "- ", "? ", ": "}
        if k >= _SHORTEST and (sum_or_choice or character == "*"):
            found = depth, not sum_or_choice, k if sum_or_choice else k + 1
            best = found if found[:2] <= best[:2] else best
    return best[2] if best[2] > 0 else line.rfind(" ", _SHORTEST, _WIDTH)


NGSPICE: Final = Dialect(
    name="ngspice",
    title="ngspice",
    ran="Such text is run in ngspice 39 and 46.",
    of_noise="Noise needs the default solver: .options klu knows none.",
    reference="{{{0}}}",
    cut="numbers that a B expression would cut to 11 digits",
    celsius="temper",
    choice="(({0}) ? ({1}) : ({2}))",
)
XYCE: Final = Dialect(
    name="xyce",
    title="Xyce",
    ran="Never run in Xyce; such text is run in ngspice, to which if() and temp are then given.",
    current="B{name} {a} {b} I={{{body}}}",
    multiplied=True,
    # GMIN may not name a parameter there.
    renamed={"gmin": "gmin_dev"},
    notes=("The parameter gmin is called gmin_dev here: Xyce keeps that word for itself.",),
    at_rest=(
        "(Xyce enforces .ic in every operating point: the states stand at w0 and s0 there with hold = 0 too.)",
    ),
)
LTSPICE: Final = Dialect(
    name="ltspice",
    title="LTspice",
    ran="Never run in LTspice; such text is run in ngspice's mode for it (lta), to which if() and temp are then given.",
    normal="gauss({0})",
    uniform="0.5 + flat(0.5)",
    mode="lta",
)
HSPICE: Final = Dialect(
    name="hspice",
    title="HSPICE",
    ran="Never run in HSPICE; such text is run in ngspice's mode for it (hsa).",
    value="'{0}'",
    # Star-Hspice 2001.2: a literal in an expression is of single precision, a parameter of double.
    digits=6,
    exact_params=False,
    cut="numbers that an expression would cut to single precision",
    celsius="temper",
    notes=(
        "Say .option parhier=local: with HSPICE's default a .param of the netlist replaces a parameter of",
        "the same name here.",
    ),
    choice="(({0}) ? ({1}) : ({2}))",
    current="G{name} {a} {b} cur='{body}'",
    function=".param {name}({arguments})='{body}'",
    parameter=".param {name}='{body}'",
    opening="",
    multiplied=True,
    continued=" \\\\\n    ",
    functions={"log": "log"},
    lacks=frozenset({"atanh"}),
    mode="hsa",
)
DIALECTS: Final = {d.name: d for d in (NGSPICE, XYCE, LTSPICE, HSPICE)}


def dialect_of(name: str) -> Dialect:
    """The dialect of that name.

    Raises
    ------
    NetlistError
        There is none; the sentence names those that there are.
    """
    if name in DIALECTS:
        return DIALECTS[name]
    if name == "spectre":
        raise NetlistError(
            "Spectre has no subcircuit here: it takes the Verilog-A module through an include file "
            "(netlists.spectre_include)"
        )
    near = difflib.get_close_matches(name, DIALECTS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(DIALECTS)}"
    raise NetlistError(f"unknown SPICE dialect '{name}'; {hint}", code="unknown_dialect")
