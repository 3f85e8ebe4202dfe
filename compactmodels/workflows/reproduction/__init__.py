"""Published against simulated: every number of the source papers that a card has to show.

What the papers publish and the protocols are data (``compactmodels/papers/*.toml``); how a number is
read from a simulated record is one small function a row, one module a paper.
"""
