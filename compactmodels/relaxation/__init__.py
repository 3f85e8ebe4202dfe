"""Relaxation (decay) laws, one file each."""
