"""The services over the owner's Unix socket: every Protocol of core/services.py, in another process."""
