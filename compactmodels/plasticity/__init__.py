"""How a synapse answers to pulses: one law per file."""
