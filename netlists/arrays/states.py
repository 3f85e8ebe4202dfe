"""Where the states and parameters of the cells come from: chance, a file, an image, a matrix."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import DataFileError
from compactmodels.statistics import sample
from netlists.arrays import checks
from netlists.arrays.checks import CrossbarError, FloatArray

DISTRIBUTIONS: Final = ("uniform", "normal", "binary")
IMAGES: Final = (".png", ".bmp", ".gif", ".jpg", ".jpeg", ".tif", ".tiff")
BISECTIONS: Final = 60


def draw_states(
    rows: int,
    cols: int,
    seed: int,
    low: float = 0.0,
    high: float = 1.0,
    *,
    distribution: str = "uniform",
    spread: float = 0.1,
    share: float = 0.5,
) -> FloatArray:
    """States drawn at random.

    Parameters
    ----------
    rows, cols : int
        1 to 1024.
    seed : int
        0 or more; the same seed gives the same states.
    low, high : float
        In [0, 1], ``low`` not above ``high``.
    distribution : str
        ``uniform``: from [low, high). ``normal``: around the middle of low and high with the
        standard deviation ``spread``, drawn again where outside. ``binary``: ``high`` with the
        probability ``share``, ``low`` otherwise.
    spread, share : float
        Above 0; in [0, 1].

    Returns
    -------
    numpy.ndarray, shape (rows, cols)

    Examples
    --------
    >>> draw_states(1, 2, seed=0)
    array([[0.63696169, 0.26978671]])
    """
    shape = checks.size(rows, "rows"), checks.size(cols, "cols")
    low, high = checks.scalar(low, "low"), checks.scalar(high, "high")
    if not 0 <= low <= high <= 1:
        raise CrossbarError(f"low = {low:g}, high = {high:g}: 0 <= low <= high <= 1 is expected")
    chance = np.random.default_rng(checks.whole(seed, "seed"))
    if distribution == "uniform":
        return chance.uniform(low, high, shape)
    if distribution == "binary":
        if not 0 <= checks.scalar(share, "share") <= 1:
            raise CrossbarError(f"share is {share:g}: 0 to 1 is expected")
        return np.where(chance.uniform(size=shape) < share, high, low)
    if distribution == "normal":
        if not checks.scalar(spread, "spread") > 0:
            raise CrossbarError(f"spread is {spread:g}: above 0 is expected")
        return _within(chance, low, high, spread, shape)
    raise CrossbarError(
        f"distribution {distribution!r}: one of {', '.join(DISTRIBUTIONS)} is expected"
    )


def _within(
    chance: np.random.Generator, low: float, high: float, spread: float, shape: tuple[int, int]
) -> FloatArray:
    """Normal numbers around the middle, those outside drawn again; by the quantiles of what is left."""
    from scipy.special import ndtr, ndtri

    middle = 0.5 * (low + high)
    ends = ndtr(np.array([low - middle, high - middle]) / spread)
    drawn = middle + spread * ndtri(chance.uniform(ends[0], ends[1], shape))
    return np.clip(drawn, low, high)


def draw_parameters(card: ModelCard, rows: int, cols: int, seed: int) -> dict[str, FloatArray]:
    """Parameters for every cell out of the card's own statistics.

    Returns
    -------
    dict of str to numpy.ndarray, shape (rows, cols)
        For each parameter that scatters, in its declared unit.

    Raises
    ------
    InputError
        The card carries no statistics, or such that no parameters can follow.
    """
    shape = checks.size(rows, "rows"), checks.size(cols, "cols")
    drawn = sample(card, rows * cols, np.random.default_rng(checks.whole(seed, "seed")))
    return {name: values.reshape(shape) for name, values in drawn.items()}


def load_states(path: Path | str) -> FloatArray:
    """States from a file: an image's grey levels, or numbers in a CSV.

    Raises
    ------
    DataFileError
        Neither, or a value that is no state; the sentence names the line and the column.
    """
    path = Path(path)
    return image_states(path) if path.suffix.lower() in IMAGES else csv_states(path)


def image_states(path: Path | str) -> FloatArray:
    """States from an image: black is 0, white is 1, colours by their luminance (ITU-R 601).

    Returns
    -------
    numpy.ndarray, shape (rows, cols)
        A pixel a cell.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):  # 16 bits a pixel, or floating point
                deep, most = np.asarray(image, dtype=np.float64), 65535.0
                top = most if image.mode.startswith("I") else 1.0
                grey = deep / top
            else:
                grey = np.asarray(image.convert("L"), dtype=np.float64) / 255.0
    except (OSError, UnidentifiedImageError) as error:
        reason = getattr(error, "strerror", None) or "it is no image"
        raise DataFileError(f"states '{path}' cannot be read: {reason}") from None
    if max(grey.shape) > checks.LARGEST:
        raise DataFileError(
            f"states '{path}' has {grey.shape[0]} x {grey.shape[1]} pixels: {checks.LARGEST} lines at "
            "most in each direction; scale the image down"
        )
    return checks.states(grey, f"states '{path}'", grey.shape)


def csv_states(path: Path | str) -> FloatArray:
    """States from a CSV of numbers in [0, 1], a word line a row; commas, semicolons or tabs."""
    table = csv_matrix(path)
    outside = np.argwhere((table < 0) | (table > 1))
    if len(outside):
        i, j = outside[0]
        raise DataFileError(
            f"states '{path}', row {i + 1}, column {j + 1}: {table[i, j]:g} is no state: 0 to 1 is "
            "expected (a weight matrix is mapped, not read as states)"
        )
    return table


def csv_matrix(path: Path | str) -> FloatArray:
    """A matrix of finite numbers from a CSV; a leading line without any number is a heading."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text file in UTF-8"
        raise DataFileError(f"'{path}' cannot be read: {reason}") from None
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    comma = max(",;\t", key=first.count)
    rows: list[list[float]] = []
    for number, cells in enumerate(csv.reader(text.splitlines(), delimiter=comma), 1):
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        found = [_number(cell) for cell in cells]
        if not rows and all(value is None for value in found):
            continue
        for column, (cell, value) in enumerate(zip(cells, found, strict=True), 1):
            if value is None:
                raise DataFileError(
                    f"'{path}', line {number}, column {column}: {cell.strip()[:30]!r} is no finite number"
                )
        rows.append([value for value in found if value is not None])
        if len(rows[-1]) != len(rows[0]):
            raise DataFileError(
                f"'{path}', line {number}: {len(rows[-1])} numbers, the lines before have {len(rows[0])}"
            )
    if not rows:
        raise DataFileError(f"'{path}' holds no numbers")
    return np.array(rows)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def weight_states(weights: ArrayLike, low: float = 0.0, high: float = 1.0) -> FloatArray:
    """Weights as states by one straight line: the least weight is ``low``, the largest ``high``.

    Parameters
    ----------
    weights : array_like, shape (rows, cols)
    low, high : float
        In [0, 1].
    """
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim != 2:
        raise CrossbarError(f"weights have the shape {matrix.shape}: (rows, cols) is expected")
    matrix = checks.array(matrix, "weights", matrix.shape)
    span = float(np.ptp(matrix))
    part = (matrix - matrix.min()) / span if span else np.zeros(matrix.shape)
    return checks.states(low + (high - low) * part, "states", matrix.shape)


def conductance_states(
    card: ModelCard,
    conductance: ArrayLike,
    v_read: float,
    *,
    s: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    parameters: Mapping[str, Any] | None = None,
) -> FloatArray:
    """States at which the card's current at ``v_read`` is ``conductance`` times ``v_read``.

    Parameters
    ----------
    card : ModelCard
    conductance : array_like, shape (rows, cols)
        [S].
    v_read : float
        [V], not 0.
    s, temperature : float
    parameters : mapping, optional
        As :class:`netlists.array.Crossbar` takes them.

    Returns
    -------
    numpy.ndarray, shape (rows, cols)
        w, by bisection: 1e-16 of the range of states.

    Raises
    ------
    CrossbarError
        A conductance that no state has.
    """
    target = np.asarray(conductance, dtype=np.float64)
    target = checks.array(target, "conductance", target.shape)
    v = checks.scalar(v_read, "v_read")
    if not v:
        raise CrossbarError("v_read is 0 V: a read needs a voltage")
    values = {**card.values, **(parameters or {})}

    def at(w: Any) -> FloatArray:
        current = card.model.current(
            np.full(target.shape, v), values, w=w, s=s, temperature=temperature
        )
        return np.broadcast_to(np.asarray(current, dtype=np.float64) / v, target.shape)

    ends = at(np.zeros(target.shape)), at(np.ones(target.shape))
    low, high = np.minimum(*ends), np.maximum(*ends)
    rounding = 1e-12 * np.abs(high)
    outside = np.argwhere((target < low - rounding) | (target > high + rounding))
    if len(outside):
        place = tuple(outside[0])
        raise CrossbarError(
            f"conductance{[int(k) for k in place]} is {target[place]:.4g} S: card '{card.name}' reaches "
            f"{low[place]:.4g} to {high[place]:.4g} S at {v:g} V"
        )
    rising = ends[1] >= ends[0]
    a, b = np.zeros(target.shape), np.ones(target.shape)
    for _ in range(BISECTIONS):
        middle = 0.5 * (a + b)
        above = (at(middle) > target) == rising
        a, b = np.where(above, a, middle), np.where(above, middle, b)
    return 0.5 * (a + b)
