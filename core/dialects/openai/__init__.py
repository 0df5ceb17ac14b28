"""The OpenAI protocols: chat completions, images, models, and their error bodies."""
