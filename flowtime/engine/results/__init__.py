"""Results: the index of series, what a run gives back, and its ledgers (engine §16, §18, §23.3)."""
