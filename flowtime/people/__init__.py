"""People: their preferences, their API tokens, where they are signed in, and the pages and admin of all that."""
