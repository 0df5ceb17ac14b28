"""How a request becomes an answer: planning, attempts, generations, pictures, chats."""
