"""The page about the Python client is what its script makes of the client."""

from docs.reference import generate_python
from docs.reference.pages import HERE


def test_the_page_is_what_the_script_writes() -> None:
    assert generate_python.page() == (HERE / "python.md").read_text()


def test_every_call_says_what_it_does() -> None:
    for name, build in generate_python.builders().items():
        assert build.__doc__, name
