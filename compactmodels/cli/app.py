"""The commands."""

from __future__ import annotations

from typing import Annotated

import typer

from compactmodels.cli import commands, fits
from compactmodels.cli.calibrate import calibrate
from compactmodels.cli.check import check
from compactmodels.cli.crossbar import crossbar
from compactmodels.cli.devices import devices
from compactmodels.cli.emit import emit
from compactmodels.cli.export import export
from compactmodels.cli.map_weights import map_weights
from compactmodels.cli.read import read
from compactmodels.cli.recognise import recognise
from compactmodels.cli.reproduce import reproduce
from compactmodels.cli.spiking import spike
from compactmodels.cli.study import study

app = typer.Typer(
    name="compactmodels",
    help="From measured memristor data to a compact model that simulates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the other one takes current=5[uA] for a style
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from compactmodels import __version__

        typer.echo(f"compactmodels {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From measured memristor data to a compact model that simulates."""


app.command(name="demo")(commands.demo)
app.command(name="models")(commands.models)
app.command(name="read")(read)
app.add_typer(fits.app, name="fit", help="Fit measured data.")
app.command(name="calibrate")(calibrate)
app.command(name="emit")(emit)
app.command(name="export")(export)
app.command(name="check")(check)
app.command(name="simulate")(commands.simulate)
app.command(name="crossbar")(crossbar)
app.command(name="study")(study)
app.command(name="map")(map_weights)
app.command(name="reproduce")(reproduce)
app.command(name="recognise")(recognise)
app.command(name="spike")(spike)
app.command(name="devices")(devices)
