"""References: what the parts of a document say about each other (engine §20)."""
