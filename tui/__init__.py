"""The terminal studio: a Textual app over the services of `core`."""
