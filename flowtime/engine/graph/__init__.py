"""The dependency graph: what each vertex computes, what it reads with which lag, and the order (engine §11, §13)."""
