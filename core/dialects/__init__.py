"""Client protocols: wire format to domain words and back. Pure; a folder or file a protocol."""
