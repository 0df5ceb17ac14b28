"""Gemini's own protocol, as google-genai, gemini-cli and raw REST callers speak it.

keys      one spelling for members that come as camelCase and as snake_case
contents  contents and system instruction to turns
request   a whole request to a ChatRequest
reply     an answer as GenerateContentResponse: whole, as events, or as a JSON array
errors    failures as google.rpc.Status
models    the list of models
"""
