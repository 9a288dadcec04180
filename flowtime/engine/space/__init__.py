"""The space of a run: a matrix of rows, where everything lies in it, and what is known of it so far (engine §16, §24)."""
