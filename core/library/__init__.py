"""What was made: chats and pictures. Files and sidecars are the truth, the database an index of them."""
