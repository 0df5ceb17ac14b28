"""Google's Antigravity gateway (`v1internal`): Gemini, Claude and GPT-OSS in one Gemini-shaped wire.

client        the provider: the pure modules below over a transport
settings      what can be set
headers       which call carries which headers, and the device an account is
signin        refresh, e-mail, project; projects reads what Google says about the latter
models        the built-in table, families, aliases; catalogue reads the live list
encode        a chat request as a body, made of
  contents      turns as contents: pairing matches calls and results, signatures keeps what is signed
  tools         functions or search
  generation    sampling, limits, form; thinking decides how much of it
decode        a stream as events; endings has its last words
image         a picture request as a body, an answer as a picture
errors        a refusal as a failure, by error_table
"""
