"""Documents as they arrive: text or plain data, counted and checked, every entry with its place (engine §3, §4, §6.3)."""
