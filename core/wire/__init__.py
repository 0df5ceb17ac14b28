"""Facts of the wire that two sides share: framing, field tables, the schema cleaner. No policy, no I/O."""
