"""The accelerator in C that a plan may run on: optional, and never another result than numpy's (engine §24, decision 16)."""
