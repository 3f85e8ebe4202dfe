"""Switching laws, one file each."""
