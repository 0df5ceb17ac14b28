"""Widgets that panes are made of, and the pure renderers behind them.

Imports nothing: each widget is imported from its own module by the pane that shows it.
"""
