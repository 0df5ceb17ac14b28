"""Cursor: three shapes of requests on one path, and answers as chat completions with thoughts in the text.

request  which shape a body has, and reading it
reply    a chat completion whose thoughts stand where Cursor shows them
"""
