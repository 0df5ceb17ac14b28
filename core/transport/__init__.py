"""The seam to upstreams: calls out, reads in. The only room that opens sockets to them.

client      HttpxTransport: sign-in, quota, proxies, tests, and chat until the pool stands
troubles    exceptions of the network said as failures, in words that help
"""
