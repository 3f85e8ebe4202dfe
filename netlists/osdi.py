"""A model card as a compiled device: C behind the OSDI interface, by the system's own compiler.

No Verilog-A compiler is needed: the C comes from the same traced equations and their derivatives
(:mod:`netlists.osdi_source`). One library serves every card of the same structure; the card's
values stand in the deck.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from compactmodels import __version__
from compactmodels.cache import cache_folder
from compactmodels.card import ModelCard
from compactmodels.errors import InputError, ToolMissing
from compactmodels.files import replacing
from compactmodels.model import Model
from compactmodels.names import comment, identifier, number
from compactmodels.templating import render
from netlists import ngspice
from netlists.osdi_source import FLAGS
from netlists.osdi_source import source as _source

FORMS: Final = ("auto", "osdi", "subcircuit")
"""How a device stands in a deck: compiled, as a subcircuit of B sources, or the first of them that
works here."""
OLDEST: Final = 43
"""ngspice that loads libraries of this interface."""
_SECONDS: Final = 120.0
_PROBE: Final = "#include <math.h>\n#include <stdio.h>\ndouble probe(double x) { return exp(x); }\n"


def unavailable() -> str | None:
    """Why devices cannot run in compiled form here, as one sentence; None if they can."""
    try:
        _compile(_PROBE)
        found = ngspice.features()
    except (ToolMissing, InputError) as missing:
        return missing.message
    if found.version.major < OLDEST:
        return (
            f"ngspice {found.version.major} loads no compiled models (OSDI): {OLDEST} or later is "
            "needed, 'make ngspice46' installs it"
        )
    if not found.osdi:
        return (
            f"this ngspice {found.version.major} was built without OSDI, so it loads no compiled "
            "models: install one that was built with it"
        )
    return None


def chosen(card: ModelCard, form: str = "auto") -> Path | None:
    """The library to run a card with; None for the subcircuit.

    Parameters
    ----------
    card : ModelCard
    form : str
        One of :data:`FORMS`.

    Raises
    ------
    InputError
        An unknown form.
    ToolMissing
        ``osdi`` was asked for and cannot be had; the sentence says why.
    """
    if form not in FORMS:
        raise InputError(f"form is {form!r}: one of {', '.join(FORMS)} is expected")
    if form == "subcircuit":
        return None
    reason = unavailable()
    if reason is None:
        try:
            return build(card)
        except ToolMissing as error:
            reason = error.message
    if form == "osdi":
        raise ToolMissing(reason)
    return None


# ---------------------------------------------------------------------------------------- the text


def source(card: ModelCard, name: str | None = None) -> str:
    """The card as C behind the OSDI interface, the card's values as defaults.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the device type; the card's with ``_osdi`` unless given.

    Returns
    -------
    str
        A file that compiles by itself; its first lines say how.

    Raises
    ------
    NetlistError
        A name that may not stand in a netlist.
    PrinterError
        An equation with a function that C's printer lacks.
    """
    return _source(
        card.model,
        identifier(name or f"{card.name}_osdi", "device type"),
        heading=card.title,
        origin=(card.citation, f"Defaults are the values of the card '{card.name}'."),
        defaults=card.values,
    )


@cache
def _library(model: Model) -> tuple[str, str]:
    """Device type and C text that all cards of a structure share."""
    generic = "memristor"
    text = _source(model, generic, heading="compact model of a memristive device")
    # Types of all loaded libraries live together in a simulator: what differs has another name.
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = f"{generic}_{digest}"
    return name, text.replace(f'"{generic}"', f'"{name}"').replace(f"* {generic}:", f"* {name}:", 1)


def model_lines(card: ModelCard, name: str | None = None, library: Path | None = None) -> str:
    """The card's ``.model`` and a ``.subckt`` around it, for a deck.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Of the subcircuit; the card's (``-`` as ``_``) unless given.
    library : Path, optional
        An emitted library, whose device type is named after it; that of :func:`build` otherwise.

    Returns
    -------
    str
        Pins and parameters are those of :func:`netlists.subcircuit.subcircuit`, and so are the
        nodes of the states: a deck uses either form unchanged. The deck's run must load the
        library: ``ngspice.run(deck, osdi=(build(card),))``.
    """
    module = _library(card.model)[0] if library is None else f"{library.stem}_osdi"
    return render(
        "netlists",
        "osdi.cir.j2",
        name=identifier(name or card.name, "subcircuit"),
        module=module,
        library=f"{module}.osdi" if library is None else library.name,
        card=card.name,
        title=comment(card.title),
        citation=comment(card.citation),
        version=__version__,
        states=list(card.model.states),
        parameters=[
            {
                "name": p.name,
                "value": number(card.values[p.name]),
                "unit": p.unit,
                "doc": comment(p.doc),
                "origin": card.entries[p.name].origin,
            }
            for p in card.model.parameters
        ],
    )


def device_lines(card: ModelCard, name: str | None = None) -> str:
    """The card's ``.model`` alone, with its values, for instances without a subcircuit around them.

    ``N1 p n NAME w0=0.3 hold=1`` is one device; every parameter may stand in its line. The nodes of
    the states may follow ``p n``; where they do not, they are called ``n1#w`` and ``n1#s``. Large
    arrays are read faster so, as the simulator has no subcircuit to copy.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Of the model; the card's (``-`` as ``_``) unless given.
    """
    model = identifier(name or card.name, "model")
    values = (f"+ {p.name}={number(card.values[p.name])}" for p in card.model.parameters)
    return "\n".join([f".model {model} {_library(card.model)[0]}", *values, ""])


# -------------------------------------------------------------------------------------- the library


def build(card: ModelCard) -> Path:
    """The compiled library that a card's structure needs, from the cache if it is there.

    Returns
    -------
    Path
        In the cache folder, named after its content, the compiler and its flags.

    Raises
    ------
    ToolMissing
        No C compiler, or one that does not compile this; the sentence says what to do.
    """
    return _compile(_library(card.model)[1])


def emit(card: ModelCard, folder: Path) -> Path:
    """Write the library, its C and how to use it into ``folder``.

    ``<card>.osdi`` with the device type ``<card>_osdi`` (a device type that had only the card's name
    might be taken for one of the simulator's own, or for the module compiled from ``<card>.va``),
    ``<card>_osdi.c``, and ``<card>_osdi.cir`` with the ``.model`` and the ``.subckt <card>``.

    Returns
    -------
    Path
        Of ``<card>.osdi``.

    Raises
    ------
    ToolMissing
        No C compiler.
    InputError
        One of the files cannot be written. Nothing is written then either.
    """
    name = identifier(card.name, "device")
    path = Path(folder) / f"{name}.osdi"
    text = source(card)
    compiled = _compile(text).read_bytes()
    usage = model_lines(card, library=path)
    with (
        replacing(path) as library,
        replacing(path.with_name(f"{name}_osdi.c")) as c_text,
        replacing(path.with_name(f"{name}_osdi.cir")) as deck,
    ):
        library.write_bytes(compiled)
        c_text.write_text(text, encoding="utf-8", newline="\n")
        deck.write_text(usage, encoding="utf-8", newline="\n")
    return path


def _compiler() -> list[str]:
    """The C compiler's command: ``CC``, else the first of cc, gcc and clang."""
    given = shlex.split(os.environ.get("CC", ""))
    for name in given[:1] or ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            return [path, *given[1:]]
    if given:
        raise ToolMissing(
            f"the C compiler '{given[0]}' that CC names is not there: mend or unset CC"
        )
    raise ToolMissing(
        "there is no C compiler (cc, gcc or clang), which compiled models need: install one, such "
        "as with 'apt-get install gcc libc6-dev', or name one in CC"
    )


@cache
def _version(compiler: tuple[str, ...]) -> str:
    done = _run([*compiler, "--version"])
    return done.stdout


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissing(
            f"the C compiler '{command[0]}' does not run: {error}", code="compiler_failed"
        ) from None


def _compile(text: str, flags: tuple[str, ...] = FLAGS) -> Path:
    """The shared object of a C text, from the cache if it is there."""
    compiler = _compiler()
    content = "\n".join([*compiler, _version(tuple(compiler)), *flags, text])
    digest = hashlib.sha256(content.encode()).hexdigest()[:20]
    path = cache_folder() / f"osdi_{digest}.osdi"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(prefix="compactmodels-") as folder, replacing(path) as beside:
        file = Path(folder) / "model.c"
        file.write_text(text, encoding="utf-8")
        done = _run([*compiler, *flags, "-o", str(beside), str(file), "-lm"])
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            words = (said or done.stderr.splitlines() or ["no reason given"])[0]
            raise ToolMissing(
                f"the C compiler '{compiler[0]}' does not compile a model ({words.strip()[:300]}): "
                "check it, or name another in CC",
                code="compiler_failed",
            )
    return path
