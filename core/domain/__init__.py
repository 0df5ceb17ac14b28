"""The words of agtui: frozen values, enums and ports. No I/O, no policy.

content     what is said: parts and turns
requests    what is asked: chat, picture and video requests, and who asks
events      what comes back: stream events of a chat, job events of a picture
failure     what went wrong, for the client, for the pool and for the operator
accounts    who may be used: accounts, credentials, quota, cooldowns
keys        who may ask: the keys of our own door, their limits
models      what can be asked for
plan        how a request becomes an answer: candidates, attempts, the record of it
works       what was made: chats, pictures, jobs
state       what the program says of itself: status, settings, log lines, events
ports       what rooms expect of each other
streams     StreamGuard and collect: exactly one ending, and unary as a collected stream
"""
