"""Reading: from plain data to the parts of a model, each kind of mapping in its own module (engine §5-§8)."""
