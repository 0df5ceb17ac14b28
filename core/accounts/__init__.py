"""When and who: the vault, tokens, cooldowns, live catalogues, the pool and the accounts service.

How to sign in at an upstream is a provider's business; this room knows providers by their ports only.
"""
