"""Colour themes as TOML files; data only, read through importlib.resources."""
