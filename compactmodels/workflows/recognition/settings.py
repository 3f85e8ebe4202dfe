"""The network, its training and its hardware: one choice for all devices, made beforehand."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from compactmodels.errors import InputError
from compactmodels.workflows.recognition.images import CLASSES

HIDDEN: Final = {64: 36, 784: 100}
"""Hidden units by pixels: 64-36-10 is the usual one for 8x8 (Agarwal et al., IJCNN 2016,
doi:10.1109/IJCNN.2016.7727298)."""
EPOCHS: Final = {64: 20, 784: 5}
REACH: Final = 8.0
"""Range of the ADC in units of the sigmoid's argument: beyond, it is flat within 4e-4."""
OUTPUTS: Final = 24.0
"""The same of the outputs, that saturate nowhere: in floating point they stay within 19."""
REFRESH: Final = 100
"""Samples from one refresh of one-way pairs to the next."""
FULL: Final = 0.9
"""Of the window: a pair of which one device is above it is refreshed."""


@dataclass(frozen=True, slots=True)
class Network:
    """A multilayer perceptron with one hidden layer: sigmoid, then softmax and cross-entropy.

    Parameters
    ----------
    hidden : int
        Units; 0: :data:`HIDDEN` by the images' size, else 100.
    epochs : int
        0: :data:`EPOCHS`, else 5.
    rate : float
        Learning rate.
    batch : int
        Samples whose gradients are averaged (digitally) before the devices are written; 1: the outer product
        of each sample is written at once, as an array does in parallel.
    scale : float
        Weights run from -scale to scale.
    most : int
        Pulses that one update may give to a device; an update that asks for more is scaled down as a whole.

    Raises
    ------
    InputError
        A value that cannot be.
    """

    hidden: int = 0
    epochs: int = 0
    rate: float = 0.03
    batch: int = 1
    scale: float = 1.0
    most: int = 31

    def __post_init__(self) -> None:
        wrong = {
            f"{self.hidden} hidden units": self.hidden < 0,
            f"{self.epochs} epochs": self.epochs < 0,
            f"a learning rate of {self.rate:g}": not 0 < self.rate < 1e6,
            f"batches of {self.batch}": self.batch < 1,
            f"a weight range of {self.scale:g}": not 0 < self.scale < 1e6,
            f"{self.most} pulses in an update": self.most < 1,
        }
        _refuse(wrong)

    def sized(self, pixels: int) -> Network:
        """With what depends on the images filled in."""
        hidden = self.hidden or HIDDEN.get(pixels, 100)
        epochs = self.epochs or EPOCHS.get(pixels, 5)
        return Network(hidden, epochs, self.rate, self.batch, self.scale, self.most)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the array adds to the law of its devices.

    Parameters
    ----------
    mode : str
        ``pulses``: trained by pulses; ``write-verify``: trained in floating point and programmed.
    update : str
        ``both-ways``: a weight rises by potentiating its plus or depressing its minus device, in turn;
        ``one-way``: by potentiating the plus one only, and falls by potentiating the minus one; pairs near the end
        of their window are refreshed.
    cycle_spread : float or None
        Standard deviation that each pulse adds, of the window; None: the card's.
    device_spread : float
        Relative standard deviation, from device to device, of the window and of the effect of a pulse.
    read_noise : float or None
        Standard deviation of a device's reading, of the window; None: the card's.
    stuck : float
        Share of devices that cannot be moved, half of them at each end of the window.
    adc_bits, dac_bits : int
        0: none.
    interval : float
        Seconds from one sample to the next in training, over which the devices forget.
    wait : float
        Seconds between the last write and the test, over which the devices forget.
    line_resistance : float
        Of a segment of word and bit line [ohm], in the test.
    train_through_lines : bool
        Whether the passes of training go through the lines too.
    array : tuple of int
        Word and bit lines of the arrays that the layers are cut into, for the line resistance; (0, 0): one array
        for each layer.
    levels : int
        ``pulses``: pulses + 1 from end to end, in place of the card's; ``write-verify``: targets. 0: as they are.
    tolerance : float
        Of write-verify, of the window.
    verify_pulses : int
        At most, to bring a device to its target.

    Raises
    ------
    InputError
        A value that cannot be.
    """

    mode: Literal["pulses", "write-verify"] = "pulses"
    update: Literal["both-ways", "one-way"] = "both-ways"
    cycle_spread: float | None = None
    device_spread: float = 0.0
    read_noise: float | None = None
    stuck: float = 0.0
    adc_bits: int = 0
    dac_bits: int = 0
    interval: float = 0.0
    wait: float = 0.0
    line_resistance: float = 0.0
    train_through_lines: bool = False
    array: tuple[int, int] = (0, 0)
    levels: int = 0
    tolerance: float = 0.01
    verify_pulses: int = 200

    def __post_init__(self) -> None:
        wrong = {
            f"update '{self.update}'": self.update not in ("both-ways", "one-way"),
            f"mode '{self.mode}'": self.mode not in ("pulses", "write-verify"),
            "a cycle-to-cycle spread outside 0..1": not 0 <= (self.cycle_spread or 0.0) <= 1,
            "a device-to-device spread outside 0..1": not 0 <= self.device_spread <= 1,
            "a read noise that is not finite or below 0": not 0
            <= (self.read_noise or 0.0)
            < float("inf"),
            "a share of stuck cells outside 0..1": not 0 <= self.stuck <= 1,
            "converters of more than 24 bits": min(self.adc_bits, self.dac_bits) < 0
            or max(self.adc_bits, self.dac_bits) > 24,
            "an interval below 0 s": not 0 <= self.interval < float("inf"),
            "an interval without pulses both ways (writing and verifying, or potentiation only)": self.interval
            > 0
            and (self.mode, self.update) != ("pulses", "both-ways"),
            "an interval with levels that are not the card's": self.interval > 0
            and self.levels > 0,
            "a wait below 0 s": not 0 <= self.wait < float("inf"),
            "a line resistance below 0": not 0 <= self.line_resistance < float("inf"),
            "training through lines without pulses both ways (writing and verifying, or potentiation only)": self.train_through_lines
            and (self.mode, self.update) != ("pulses", "both-ways"),
            f"an array of {self.array[0]} x {self.array[1]} lines": self.array != (0, 0)
            and not (self.array[0] > 0 and self.array[1] > 0),
            f"an array of {self.array[1]} bit lines (a pair takes two)": self.array[1] % 2 == 1,
            "1 level": self.levels == 1 or self.levels < 0,
            "a tolerance that is not above 0": not self.tolerance > 0,
            "no pulse to write with": self.verify_pulses < 1,
        }
        _refuse(wrong)

    @property
    def dac(self) -> float:
        """Steps of the word lines' converters; 0: none."""
        return float((1 << self.dac_bits) - 1) if self.dac_bits else 0.0

    @property
    def adc(self) -> float:
        """Steps of the bit lines' converters; 0: none."""
        return float((1 << self.adc_bits) - 1) if self.adc_bits else 0.0


def fitting(hardware: Hardware, network: Network, pixels: int) -> None:
    """Refuse an array that the network cannot fill, and training through lines without a resistance.

    Raises
    ------
    InputError
        Codes ``array_too_large``: more word or bit lines than either layer has; ``bad_setting``.
    """
    without = hardware.train_through_lines and hardware.line_resistance == 0.0
    _refuse({"training through lines without a line resistance": without})
    rows, columns = hardware.array
    hidden = network.sized(pixels).hidden
    layers = ((pixels + 1, 2 * hidden), (hidden + 1, 2 * CLASSES))
    most = tuple(max(layer[k] for layer in layers) for k in (0, 1))
    if rows > most[0] or columns > most[1]:
        first, second = (f"{n} x {m}" for n, m in layers)
        raise InputError(
            f"an array of {rows} x {columns} lines is larger than the network: its layers take {first} and {second}; "
            f"give at most {most[0]} x {most[1]}, or leave --array out (one array for each layer)",
            code="array_too_large",
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Both together, for JSON."""

    network: Network = field(default_factory=Network)
    hardware: Hardware = field(default_factory=Hardware)

    def document(self) -> dict[str, Any]:
        """Every setting."""
        return {"network": asdict(self.network), "hardware": asdict(self.hardware)}


def _refuse(wrong: dict[str, bool]) -> None:
    for what, bad in wrong.items():
        if bad:
            raise InputError(f"recognise: {what} cannot be", code="bad_setting")
