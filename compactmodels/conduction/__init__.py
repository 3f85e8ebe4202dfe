"""Conduction mechanisms, one file each."""
