"""Plans and their runs: rows filled phase by phase from checked sources and overrides (engine §12-§19, §23.2)."""
