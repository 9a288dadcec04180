"""Ways in: template, binding and validation, each a sequence of the stages of engine §20 (engine §23.1)."""
