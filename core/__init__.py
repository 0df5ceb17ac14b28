"""agtui's core: everything but the screen. Imports without Textual."""

__version__ = "0.1.0"
