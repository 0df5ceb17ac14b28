"""The seam to upstreams: calls out, reads in. The only room that opens sockets to them.

pool        PoolTransport: kept connections on asyncio and httptools, for every call that goes straight out
client      HttpxTransport: calls through a proxy of the environment
route       Transports: the one of the two that fits a call
connection  one kept connection; reply: one answer on it; dial: opening it; address: where; coding: gzip
troubles    exceptions of the network said as failures, in words that help
"""
