"""OpenAI's Responses, as its SDKs and Codex speak it.

items    input items to turns
tools    tools, namespaces of tools, and the choice among them
request  a whole request to a ChatRequest, and what its answer repeats of it
output   parts of an answer as output items
reply    an answer as a response: whole, or as events
"""
