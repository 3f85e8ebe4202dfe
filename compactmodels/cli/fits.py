"""``compactmodels fit``: measured data in, parameters and a card out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli import many
from compactmodels.cli.dynamics import dynamics
from compactmodels.cli.options import (
    Columns,
    Debug,
    Interval,
    Json,
    MaxRms,
    Sheet,
    Shunt,
    Skip,
    Temperature,
)
from compactmodels.cli.output import emit_json, note, say, state, table
from compactmodels.cli.plasticity import plasticity
from compactmodels.cli.read import data_files
from compactmodels.errors import InputError

app = typer.Typer(no_args_is_help=True)
app.command("dynamics")(dynamics)
app.command("plasticity")(plasticity)

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Measured data.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="HTML", help="Write one self-contained page: numbers, warnings, figures."),
]
Plots = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the figures (PNG and SVG) into this folder."),
]


@app.command("iv")
def iv(
    files: Files,
    mechanism: Annotated[
        str, typer.Option(metavar="NAME", help="A mechanism of 'compactmodels models', or auto.")
    ] = "auto",
    area: Annotated[float | None, typer.Option(metavar="M2", help="Junction area in m^2.")] = None,
    thickness: Annotated[
        float | None, typer.Option(metavar="M", help="Thickness of the barrier in m.")
    ] = None,
    mass: Annotated[float, typer.Option(metavar="M0", help="Effective mass in m0.")] = 1.0,
    richardson: Annotated[
        float | None, typer.Option(metavar="A", help="Richardson constant in A/(m^2 K^2).")
    ] = None,
    temperature: Temperature = None,
    branch: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Fit this branch of the sweep only.")
    ] = None,
    polarity: Annotated[
        str, typer.Option(metavar="SIGN", help="Forward direction: auto, positive or negative.")
    ] = "auto",
    columns: Columns = None,
    skip: Skip = None,
    sheet: Sheet = None,
    shunt: Shunt = None,
    interval: Interval = None,
    max_rms: MaxRms = 0.1,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="CARD", help="Card file; a folder for several fits."
        ),
    ] = None,
    plots: Plots = None,
    report: Report = None,
    jobs: many.Jobs = None,
    together: many.Together = False,
    shared: many.Shared = None,
    per_trace: many.PerTrace = None,
    temperatures: many.Temperatures = None,
    areas: many.Areas = None,
    resistance_by_size: many.BySize = False,
    statistics: many.WithStatistics = False,
    device: many.Device = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit conduction mechanisms to I-V sweeps, branch by branch.

    A branch ends where the sweep turns. Every fit gives errors, 95 % intervals and warnings; what
    the data cannot carry is refused with a reason. --together fits all files at once: over temperature
    the prefactor (the Richardson constant) is free besides the barrier. --statistics makes one card of
    a batch, with the scatter of its parameters.
    """
    from fitting import fit_iv_many, fit_joint

    many.check_together(
        together,
        shared=shared,
        per_trace=per_trace,
        temperatures=temperatures,
        areas=areas,
        resistance_by_size=resistance_by_size,
    )
    many.check_statistics(statistics, together, device, files)
    check_targets(output, plots, report, several=len(files) > 1 and not (together or statistics))
    sources = data_files(files, sheet, shunt, interval)
    known: dict[str, Any] = {
        "area": area,
        "thickness": thickness,
        "mass": mass,
        "richardson": richardson,
        "temperature": temperature,
        "branch": branch,
        "polarity": polarity,
        "columns": columns,
        "skip": skip,
        "max_rms": max_rms,
    }
    if together:
        joint = fit_joint(
            sources,
            mechanism,
            shared=many.words(shared),
            per_trace=many.words(per_trace),
            temperatures=many.numbers(temperatures, "--temperatures"),
            areas=many.numbers(areas, "--areas"),
            resistance_by_size=resistance_by_size,
            **known,
        )
        report_fits([joint], output, plots, report)
        return
    with many.progress(len(sources)) as bar:
        results = fit_iv_many(
            sources, mechanism, jobs=many.processes(jobs, len(sources)), progress=bar, **known
        )
    if statistics:
        many.report_population(results, output, plots, device, report)
    else:
        report_fits(results, output, plots, report)


@app.command("decay")
def decay(
    files: Files,
    law: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="exponential, double_exponential, stretched, power, shifted_power, or auto.",
        ),
    ] = "auto",
    columns: Columns = None,
    skip: Skip = None,
    sheet: Sheet = None,
    shunt: Shunt = None,
    interval: Interval = None,
    max_rms: MaxRms = 0.1,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="CARD", help="Card file; a folder for several fits."
        ),
    ] = None,
    plots: Plots = None,
    report: Report = None,
    jobs: many.Jobs = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit decay laws to a signal over time.

    Time counts from the end of the stimulus. auto holds the laws against each other, with weights; a
    law that holds a simpler one wins only if its extra parameter shows at 99 %.
    """
    from fitting import fit_decay_many

    check_targets(output, plots, report, several=len(files) > 1)
    options = {"columns": columns, "skip": skip, "max_rms": max_rms}
    sources = data_files(files, sheet, shunt, interval)
    with many.progress(len(sources)) as bar:
        results = fit_decay_many(
            sources, law, jobs=many.processes(jobs, len(sources)), progress=bar, **options
        )
    report_fits(results, output, plots, report)


def check_targets(
    output: Path | None, plots: Path | None, report: Path | None, *, several: bool = False
) -> None:
    """Find out before the fits whether what comes of them can be written where it is wanted.

    Raises
    ------
    InputError
        Codes ``cannot_write``; ``one_file`` where ``several`` cards would go into one.
    """
    from compactmodels.files import check_folder

    if output is not None and several and output.suffix == ".toml":
        raise InputError(
            f"'{output}' is one file and every fit has a card of its own: name a folder with -o",
            code="one_file",
        )
    if plots is not None:
        check_folder(plots)
    if output is not None and not output.is_dir():
        check_folder(output.parent)
    if report is not None:
        if report.is_dir():
            raise InputError(
                f"cannot write '{report}': it is a folder; name a file in it, such as "
                f"{report / 'report.html'}",
                code="cannot_write",
            )
        check_folder(report.parent)


def report_fits(
    results: list[Any], output: Path | None, plots: Path | None, report: Path | None
) -> None:
    """Print every fit, write cards and figures; all refused is a failure."""
    from compactmodels.workflows.fitted import figures_of, stems_of

    fits = [r for r in results if hasattr(r, "card")]
    if len(results) == 1 and not fits:
        raise results[0].error
    cards = _save_cards(results, fits, output)
    documents = []
    said: set[str] = set()
    for result in results:
        if result in fits:
            documents.append(result.to_json(cards.get(id(result))))
            _print_fit(result, cards.get(id(result)), said)
        else:
            documents.append(result.to_json())
            place = f", branch {result.branch}" if result.branch else ""
            say(f"\n{result.file}{place}: refused [{result.code}]\n  {result.message}")
    figures: list[str] = []
    if plots is not None:
        for result, stem in zip(fits, stems_of(fits)):
            figures += map(str, figures_of(result, plots, stem))
        say("\nfigures: " + ", ".join(f for f in figures if f.endswith(".png")))
    if report is not None:
        from compactmodels.workflows.fit_report import write_report

        say(f"\nreport: {write_report(results, report, command=state.command)}")
    if len(results) > 1:
        say(f"\n{len(fits)} of {len(results)} fits stand, {len(results) - len(fits)} refused")
    if state.json:
        # A file of one branch is branch 1 in a list; a file that could not be read has none.
        several = [
            {**d, "branch": d.get("branch") or 1} if "selected" in d else d for d in documents
        ]
        document = documents[0] if len(documents) == 1 else {"fits": several}
        written = {"figures": figures} if figures else {}
        emit_json({**document, **written, **({"report": str(report)} if report else {})})
    if not fits:
        note(
            f"error: all {len(results)} were refused, each for a reason of its own above [all_refused]"
        )
        raise typer.Exit(1)


def _save_cards(results: list[Any], fits: list[Any], output: Path | None) -> dict[int, str]:
    if output is None or not fits:
        return {}
    from compactmodels.workflows.fitted import stems_of

    if len(results) == 1:
        path = output / f"{fits[0].selected}.toml" if output.is_dir() else output
        return {id(fits[0]): str(fits[0].card(path.stem).save(path))}
    if output.suffix == ".toml":
        raise InputError(
            f"'{output}' is one file and there are {len(fits)} fits: name a folder with -o, or choose "
            "a branch with --branch",
            code="one_file",
        )
    saved = {}
    for fit, stem in zip(fits, stems_of(fits)):
        saved[id(fit)] = str(fit.card(stem).save(output / f"{stem}.toml"))
    return saved


def _print_fit(fit: Any, card: str | None, said: set[str]) -> None:
    """One fit; what was inferred of a file is said once and kept in ``said``."""
    from compactmodels.workflows.fitted import parameter_rows

    place = f", sweep {fit.context['sweep']}" if fit.context.get("sweep") else ""
    place += f", branch {fit.branch}" if fit.branch else ""
    rms = fit.statistics.get("rms_decades")
    several = len(getattr(fit, "traces", ()))
    regimes = getattr(fit, "regimes", ())
    found = " + ".join(r.mechanism for r in regimes) or fit.selected
    title = f"\n{fit.file or (f'{several} traces' if several else 'trace')}{place}: {found}"
    heads = ["parameter", "value", "std. error", "unit", "95 % interval", "origin"]
    for regime in regimes:
        stretch = f"{regime.mechanism}, {regime.v_min:.3g} to {regime.v_max:.3g} V"
        table(f"{title}\n{stretch}", heads, parameter_rows(regime))
        title = ""
    if not regimes:
        table(title, heads, parameter_rows(fit))
    if rms is not None:
        main = f" where {fit.selected} rules" if regimes else ""
        say(f"  {fit.statistics['n_points']} points{main}, residual {rms:.3g} decades RMS")
    elif "rms" in fit.statistics:
        unit = str(fit.statistics.get("signal_unit", "")).removeprefix("1")
        say(
            f"  {fit.statistics['n_points']} points, residual {fit.statistics['rms']:.3g} {unit} RMS"
        )
    others = {n: w for n, w in fit.weights.items() if n != fit.selected and w > 1e-4}
    if len(fit.weights) > 1:
        shares = ", ".join(f"{n} {w:.2g}" for n, w in sorted(others.items(), key=lambda x: -x[1]))
        say(
            f"  Akaike weight {fit.weights.get(fit.selected, 0):.3g}; others: {shares or 'none above 1e-4'}"
        )
    if getattr(fit, "traces", ()):
        many.print_traces(fit)
    for warning in fit.warnings:
        say(f"  [{warning.code}] {warning.message}")
    for sentence in fit.context.get("assumed", ()):
        if f"{fit.file}{fit.context.get('sweep')}{sentence}" not in said:
            say(f"  inferred: {sentence}")
        said.add(f"{fit.file}{fit.context.get('sweep')}{sentence}")
    if card:
        say(f"  card: {card}")
