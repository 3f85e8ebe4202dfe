"""Arrays of cells: what they are, their netlists, and their runs in ngspice."""
