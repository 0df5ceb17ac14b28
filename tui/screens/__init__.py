"""Dialogs: pages over the shell, imported when they are opened."""
