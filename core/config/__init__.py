"""Settings: where they come from (flags, environment, file, defaults), and saving one with its comments."""
