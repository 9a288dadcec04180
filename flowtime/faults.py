"""Named steps at which a test may make the process fail; inert otherwise."""


def hit(point: str) -> None:
    """Mark that the step ``point`` has been reached."""
