"""The program of a plan: steps on a tape, turned into generated code over rows of one matrix (engine §24)."""
