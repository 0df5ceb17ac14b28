"""Making pictures: jobs, shapes, words that style a prompt."""
