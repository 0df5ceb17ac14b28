"""Google's Antigravity gateway (`v1internal`): Gemini, Claude and GPT-OSS in one Gemini-shaped wire.

settings     what can be set
headers      which call carries which headers
signin       refresh, e-mail, project
models       the built-in table, families, aliases, thinking; catalogue reads the live list
encode       domain request -> body, with contents, pairing, signatures, generation, tools
decode       stream -> domain events
image        picture request -> body, answer -> picture
errors       refusal -> failure
client       the provider: all of these over a transport
"""
