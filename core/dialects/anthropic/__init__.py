"""Anthropic's Messages, as its SDKs, Claude Code and those that borrowed the protocol speak it.

blocks   content blocks to parts
hidden   thinking that is not to be seen, and comes back all the same
tools    tools and the choice among them
request  a whole request to a ChatRequest, and what it says about how to answer
local    turns that are answered or sent elsewhere without asking the model that was named
reply    an answer as a message: whole, or as events
errors   failures as error objects
models   the list of models
"""
