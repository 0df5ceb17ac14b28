"""The command `agtui`: one module a verb group, each loaded when its verb is used."""
