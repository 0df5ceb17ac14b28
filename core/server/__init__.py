"""The gateway's door: HTTP in, HTTP out. Importing it brings in no server; `serve` does, when it opens."""
