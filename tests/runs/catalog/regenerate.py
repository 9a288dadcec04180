"""Writes the golden files of the catalog anew, after a change that was meant to change numbers.

    python -m tests.runs.catalog.regenerate [TEMPLATE_ID ...]

Read the difference before you commit it: each changed line is a number that users will see.
"""

import sys

from .goldens import IDS, evaluated, facts_of, golden_path, golden_text


def main() -> None:
    """Regenerate the golden files of the named templates, or of all of them."""
    for template_id in sys.argv[1:] or IDS:
        path = golden_path(template_id)
        path.write_text(golden_text(facts_of(evaluated(template_id))))
        sys.stdout.write(f"{template_id}\n")


if __name__ == "__main__":
    main()
