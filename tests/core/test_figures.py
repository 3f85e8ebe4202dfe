"""Figures: what is on them, that they are the same every time, and that they leave no traces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from compactmodels import figures
from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

V = np.linspace(-1.0, 1.0, 81)
I = 1e-9 * np.sinh(8 * V)  # noqa: E741 - the field's own letter
USED = np.abs(V) > 0.1
T = np.linspace(0.0, 20e-6, 81)
W = np.linspace(0.0, 1.0, 81)


def iv(**words: Any) -> Any:
    given: dict[str, Any] = {"used": USED, "title": "run 1", "label": "sinh", "rms_decades": 0.012}
    return figures.iv_fit(V, 1.02 * I, V, I, **given | words)


def line(kind: str = "schottky", **words: Any) -> Any:
    given: dict[str, Any] = {"temperature": 300.0, "used": USED, "title": "run 1"}
    return figures.linearised(kind, V, I, V, I, **given | words)


def decay(**words: Any) -> Any:
    given: dict[str, Any] = {"used": T >= 0, "title": "retention", "unit": "A", "log_time": False}
    y = 1e-6 * np.exp(-T / 5e-6)
    return figures.decay_fit(T, 1.02 * y, T, y, **given | words)


def lost(**words: Any) -> Any:
    cells = 0.1 - 1e-3 * np.add.outer(np.arange(8), np.arange(8))
    return figures.voltage_lost(cells, np.full(8, 0.1), **{"title": "8 × 8"} | words)


def overlay(**words: Any) -> Any:
    return figures.residual_overlay(T, 1.02 * I, I, **{"xlabel": "Time"} | words)


ALL: dict[str, tuple[Any, int, set[str]]] = {
    # name: how to draw it, number of axes, labels that must be there
    "iv": (iv, 2, {"|I| (A)", "Residual\n(decades)", "Voltage (V)"}),
    "schottky": (line, 1, {r"$\sqrt{|V|}$  (V$^{1/2}$)"}),
    "semilog": (lambda: line("semilog"), 1, {"|V| (V)", "ln |I|  (I in A)"}),
    "fowler_nordheim": (lambda: line("fowler_nordheim"), 1, {r"1 / |V|  (V$^{-1}$)"}),
    "log-log": (lambda: line("log-log"), 1, {"|V| (V)", "|I| (A)"}),
    "decay": (decay, 2, {"Time (µs)", "Signal (A)", "Residual\n(decades)"}),
    "decay, log time": (lambda: decay(log_time=True), 2, {"Time (s)"}),
    "decay, %": (lambda: decay(unit="%"), 2, {"Signal (%)"}),
    "hysteresis": (
        lambda: figures.hysteresis(T, V, I, title="loop"),
        3,
        {"Voltage (V)", "Current (µA)", "|I| (A)", "Time (µs)"},
    ),
    "hysteresis, all": (
        lambda: figures.hysteresis(T, V, I, title="loop", w=W, measured=(V[::2], I[::2])),
        4,
        {"State w", "Time (µs)"},
    ),
    "pulses": (
        lambda: figures.pulses(T, V, I, title="train"),
        2,
        {"Time (µs)", "Voltage (V)", "Current (µA)"},
    ),
    "pulses, all": (
        lambda: figures.pulses(T, V, I, title="train", w=W, s=1 - W, measured=(V, I)),
        3,
        {"State w, s"},
    ),
    "dc": (
        lambda: figures.dc_states(V, {"w = 0": I, "w = 1": 1e3 * I}, title="states"),
        1,
        {"Voltage (V)", "|I| (A)"},
    ),
    "lost": (lost, 1, {"Word line", "Bit line", "Voltage lost (mV)"}),
    "lost, %": (lambda: lost(unit="%"), 1, {"Voltage lost (%)"}),
    "overlay": (overlay, 2, {"Time (µs)", "Current (µA)", "Residual\n(nA)"}),
    "overlay, log": (lambda: overlay(log=True), 2, {"|I| (A)", "Residual\n(decades)"}),
}


def every_axes(figure: Any) -> list[Any]:
    return [*figure.axes, *(child for axes in figure.axes for child in axes.child_axes)]


def words(figure: Any) -> str:
    """Every text of the figure."""
    return "\n".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


def legend(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("name", ALL)
def test_a_figure_has_its_axes_and_labels_with_units(name: str) -> None:
    draw, count, labels = ALL[name]
    figure = draw()
    assert isinstance(figure, Figure)
    assert len(figure.axes) == count
    found = {text for a in every_axes(figure) for text in (a.get_xlabel(), a.get_ylabel())}
    assert labels <= found


@pytest.mark.parametrize("name", ALL)
def test_the_same_figure_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    figure = ALL[name][0]()
    first = figures.save(figure, tmp_path / "a.1")
    assert [path.name for path in first] == ["a.1.png", "a.1.svg"]
    again = figures.save(figure, tmp_path / "b")
    other = figures.save(ALL[name][0](), tmp_path / "c")
    for one, two, three in zip(first, again, other, strict=True):
        assert one.read_bytes() == two.read_bytes() == three.read_bytes()
    assert b"<dc:date>" not in first[1].read_bytes()


@pytest.mark.parametrize("name", ALL)
def test_nothing_that_is_drawn_is_not_finite(name: str) -> None:
    # V = 0 and I = 0 lie among the points: no mechanism's logarithm has a place for them.
    assert 0.0 in V and 0.0 in I
    for axes in every_axes(ALL[name][0]()):
        for drawn in axes.lines:
            assert np.all(np.isfinite(np.asarray(drawn.get_data(), dtype=float)))
        assert np.all(np.isfinite([*axes.get_xlim(), *axes.get_ylim()]))


@pytest.mark.parametrize("name", ALL)
def test_all_text_lies_within_the_figure(name: str) -> None:
    figure = ALL[name][0]()
    figure.draw_without_rendering()
    texts = [a.xaxis.label for a in every_axes(figure)] + [
        a.yaxis.label for a in every_axes(figure)
    ]
    texts += figure.texts + ([figure._suptitle] if figure._suptitle else [])
    for text in [*texts, *(t for each in figure.legends for t in each.get_texts())]:
        if text.get_visible() and text.get_text():
            box = text.get_window_extent()
            assert figure.bbox.x0 - 1 <= box.x0 and box.x1 <= figure.bbox.x1 + 1, text
            assert figure.bbox.y0 - 1 <= box.y0 and box.y1 <= figure.bbox.y1 + 1, text


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = iv()
    whole = figure.savefig

    def fails(path: Path, **given: Any) -> None:
        if given["format"] == "svg":
            path.write_text("<svg")
            raise RuntimeError("the renderer gave up")
        whole(path, **given)

    monkeypatch.setattr(figure, "savefig", fails)
    with pytest.raises(RuntimeError, match="gave up"):
        figures.save(figure, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_readable_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        figures.save(lost(), tmp_path / "file" / "a")


def test_pyplot_stays_out_and_the_package_is_light(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from compactmodels import figures
print("matplotlib" in sys.modules)
f = figures.dc_states([0, 1, 2], {{"a": [0, 1, 2]}}, title="t")
figures.save(f, Path({str(tmp_path)!r}) / "a")
print("matplotlib.pyplot" in sys.modules, "fitting" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_the_settings_of_others_are_neither_changed_nor_followed(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    plain = figures.save(iv(), tmp_path / "a")
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "lines.linewidth": 9}):
        odd = figures.save(iv(), tmp_path / "b")
    assert [p.read_bytes() for p in plain] == [p.read_bytes() for p in odd]


@pytest.mark.parametrize(
    "draw",
    [
        iv,
        line,
        decay,
        overlay,
        lambda synthetic: figures.hysteresis(T, V, I, title="loop", synthetic=synthetic),
        lambda synthetic: figures.pulses(T, V, I, title="train", synthetic=synthetic),
    ],
)
def test_what_is_synthetic_says_so(draw: Any) -> None:
    assert "synthetic" in words(draw(synthetic=True))
    assert "synthetic" not in words(draw(synthetic=False))


def test_masked_points_are_open_and_grey_and_carry_no_residual() -> None:
    figure = iv(band=(0.9 * I, 1.1 * I))
    assert legend(figure) == ["data", "left out", "sinh", "95 % band"]
    top, low = figure.axes
    data, rest = top.lines[:2]
    assert len(data.get_xdata()) == USED.sum()
    assert rest.get_markerfacecolor() == "none"
    assert len(rest.get_xdata()) == (~USED).sum() - 1  # without V = 0
    points = low.lines[-1]
    assert len(points.get_xdata()) == USED.sum()
    np.testing.assert_allclose(points.get_ydata(), np.log10(1.02), rtol=1e-9)
    assert "RMS 0.012 decades" in words(figure)


def test_the_model_may_lie_on_other_points() -> None:
    fine = np.linspace(-1.0, 1.0, 2001)
    figure: Any = figures.iv_fit(
        V, I, fine, 1e-9 * np.sinh(8 * fine), used=USED, title="", label="fit", rms_decades=0.0
    )
    assert np.max(np.abs(figure.axes[1].lines[-1].get_ydata())) < 1e-5


def test_a_log_axis_is_read_in_engineering_units() -> None:
    size = np.geomspace(1e-12, 1e-3, 50)
    figure: Any = figures.iv_fit(
        np.linspace(0.1, 1, 50), size, np.linspace(0.1, 1, 50), size,
        used=np.ones(50, bool), title="diode", label="fit", rms_decades=0.0,
    )  # fmt: skip
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert 1e-13 < low < 1e-12 and 1e-3 < high < 1e-2
    assert {"1 pA", "1 nA", "1 µA", "1 mA"} <= {
        t.get_text() for t in figure.axes[0].get_yticklabels()
    }


def test_a_zero_crossing_does_not_stretch_a_log_axis() -> None:
    low, high = ax.log_limits(np.append(np.geomspace(1e-9, 1e-3, 100), 1e-25))
    assert low > 1e-12 and high < 1e-2
    assert ax.log_limits(np.zeros(3)) == (0.1, 1.0)


def test_a_log_time_axis_keeps_its_first_point_and_speaks_of_seconds() -> None:
    t = np.linspace(1e-3, 3e5, 50)
    figure: Any = figures.decay_fit(
        t, 1 / t, t, 1 / t, used=t > 0, title="", unit="1", log_time=True
    )
    figure.draw_without_rendering()
    assert figure.axes[1].get_xlim()[0] < 1e-3
    texts = [text.get_text() for text in figure.axes[1].get_xticklabels()]
    assert {"1 ms", "1 s", "$10^{3}$ s"} <= set(texts)


@pytest.mark.parametrize(
    ("largest", "unit", "expected"),
    [
        (2e-5, "A", (1e-6, "µA")),
        (0.9, "V", (1.0, "V")),
        (5e-4, "A", (1e-3, "mA")),
        (86400.0, "s", (1.0, "s")),
        (1e-40, "A", (1e-30, "qA")),
        (0.0, "A", (1.0, "A")),
        (3e-5, "%", (1.0, "%")),
    ],
)
def test_the_prefix_suits_the_largest_value(
    largest: float, unit: str, expected: tuple[float, str]
) -> None:
    factor, symbol = ax.prefix(largest, unit)
    assert symbol == expected[1]
    assert factor == pytest.approx(expected[0])


def test_linear_ticks_carry_the_same_decimals_and_a_true_minus() -> None:
    figure = Figure()
    axes = figure.subplots()
    ax.linear(axes, "x", "Voltage", "V", np.array([-1.0, 1.0]))
    texts = axes.xaxis.get_major_formatter().format_ticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    assert texts == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]


def test_both_polarities_are_told_apart() -> None:
    for kind in figures.KINDS:
        figure = line(kind)
        assert legend(figure)[:2] == ["V > 0", "V < 0"]
        markers = {drawn.get_marker() for drawn in figure.axes[0].lines} - {"None"}
        assert markers == {"o", "s"}


def test_linearised_coordinates() -> None:
    volts, amperes = np.array([0.0, 1.0, 4.0]), np.array([1e-3, 1e-6, 1e-4])
    every = np.ones(3, bool)

    def drawn(kind: str) -> Any:
        figure: Any = figures.linearised(
            kind, volts, amperes, volts, amperes, temperature=300.0, used=every, title=""
        )
        return figure.axes[0].lines[0].get_data()

    np.testing.assert_allclose(drawn("schottky"), np.array([[1, 2], np.log(amperes[1:] / 9e4)]))
    np.testing.assert_allclose(
        drawn("fowler_nordheim"), np.array([[1, 0.25], np.log([1e-6, 1e-4 / 16])])
    )
    np.testing.assert_allclose(drawn("semilog"), np.array([[1, 4], np.log(amperes[1:])]))
    np.testing.assert_allclose(drawn("log-log"), np.array([[1, 4], amperes[1:]]))


def test_a_negative_decay_is_shown_as_magnitude_and_a_mixed_one_as_it_is() -> None:
    y = -1e-6 * np.exp(-T / 5e-6)
    options: dict[str, Any] = {"used": T >= 0, "title": "", "unit": "A", "log_time": False}
    assert figures.decay_fit(T, y, T, y, **options).axes[0].get_ylabel() == "|Signal| (A)"
    mixed = figures.decay_fit(T, np.cos(1e6 * T), T, np.sin(1e6 * T), **options | {"unit": "V"})
    assert mixed.axes[1].get_ylabel() == "Residual\n(V)"


def test_cells_carry_their_numbers_up_to_64() -> None:
    figure = lost()
    assert len(figure.axes[0].texts) == 64
    assert figure.axes[0].texts[-1].get_text() == "14.0"  # mV, word line 7 and bit line 7
    many = figures.voltage_lost(np.full((9, 8), 0.09), np.full(9, 0.1), title="")
    assert len(many.axes[0].texts) == 0


def test_word_lines_run_down_and_a_line_at_zero_has_no_per_cent() -> None:
    figure: Any = figures.voltage_lost([[0.9, 0.8], [0.0, 0.1]], [1.0, 0.0], title="", unit="%")
    image = figure.axes[0].images[0].get_array()
    assert figure.axes[0].yaxis_inverted()
    np.testing.assert_allclose(image[0], [10.0, 20.0])
    assert np.all(np.ma.getmaskarray(image)[1])


def test_small_losses_are_read_in_microvolts() -> None:
    figure: Any = figures.voltage_lost([[0.1 - 2e-6]], [0.1], title="")
    assert "Voltage lost (µV)" in words(figure)
    assert "2.00" in words(figure)


def test_the_overlay_says_its_rms() -> None:
    figure: Any = figures.residual_overlay(T, I + 3e-9, I, xlabel="Time")
    assert "measured − simulated, RMS 3 nA" in words(figure)


def test_a_name_is_shown_as_it_is() -> None:
    figure: Any = figures.dc_states(V, {"_a$b$": I}, title="run_$x$.csv")
    figure.draw_without_rendering()
    assert legend(figure) == [r"_a\$b\$"]  # matplotlib's own escape: no mathematics
    assert "run_$x$.csv" in words(figure)
    assert figure._suptitle is not None and not figure._suptitle.get_parse_math()


def test_long_titles_and_legends_wrap_and_the_figure_grows() -> None:
    short, long = iv(), iv(title="a_name_without_end_" * 9, label="a name of many words " * 8)
    assert long.get_figheight() > short.get_figheight()
    long.draw_without_rendering()
    assert long._suptitle is not None and long._suptitle.get_window_extent().x0 >= 0
    assert long.legends[0].get_window_extent().x0 >= 0
    assert long.get_figwidth() == style.ONE_COLUMN


def test_a_great_many_points_do_not_bloat_the_svg(tmp_path: Path) -> None:
    time = np.linspace(0, 1, 40_000)
    figure: Any = figures.hysteresis(time, np.sin(99 * time), np.sin(99 * time) * time, title="")
    assert figures.save(figure, tmp_path / "a")[1].stat().st_size < 1_000_000


@pytest.mark.parametrize("size", [1, 5])
def test_short_and_all_zero_records_can_be_drawn(size: int, tmp_path: Path) -> None:
    x, z, used = np.arange(float(size)), np.zeros(size), np.zeros(size, bool)
    drawn = [
        figures.iv_fit(x, z, x, z, used=used, title="", label="", rms_decades=float("nan")),
        figures.decay_fit(x, z, x, z, used=used, title="", unit="1", log_time=True),
        figures.hysteresis(x, x, z, title="", w=z),
        figures.pulses(x, x, z, title="", w=z),
        figures.dc_states(x, {"a": z}, title=""),
        figures.residual_overlay(x, z, z, xlabel="Time", log=True),
        *(
            figures.linearised(kind, x, z, x, z, temperature=300.0, used=used, title="")
            for kind in figures.KINDS
        ),
    ]
    for figure in drawn:
        figures.save(figure, tmp_path / "a")
        assert "nan" not in words(figure)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: iv(used=USED[1:]), r"'used' has shape \(80,\), the data \(81,\)"),
        (lambda: figures.pulses(T, V, I[1:], title=""), r"time \(81,\), v \(81,\), i \(80,\)"),
        (lambda: figures.dc_states([], {"a": []}, title=""), "nothing to draw: v without"),
        (lambda: line("simmons"), "unknown plot 'simmons'; known are schottky"),
        (lambda: line(temperature=0.0), "temperature is 0.0 K"),
        (lambda: figures.dc_states(V, {}, title=""), "no curve"),
        (lambda: figures.voltage_lost([[1.0]], [1.0, 2.0], title=""), r"shape \(m, n\)"),
        (lambda: lost(unit="dB"), "unknown unit 'dB'"),
        (lambda: figures.voltage_lost([[0.0]], [0.0], title="", unit="%"), "not defined"),
        (lambda: figures.voltage_lost([[np.nan]], [1.0], title=""), "not finite"),
    ],
)
def test_what_does_not_belong_together_is_refused(draw: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        draw()
