"""The AI routes, a module a protocol family."""
