"""What is on disk: atomic and confined files, and the database. Only this room knows SQL."""
