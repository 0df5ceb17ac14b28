"""The tabs' contents, one module each, imported when a tab is first shown (see tui/tabs.py)."""
