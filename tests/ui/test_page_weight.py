"""What a page makes a browser fetch of ours stays small; a size, not a timing."""

import gzip
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db

STATIC = Path(__file__).resolve().parents[2] / "flowtime" / "static"
LIMIT = 60_000


def test_scripts_and_styles_of_the_player_weigh_less_than_sixty_kilobytes_compressed(
    pages, make_run
):
    html = pages.get(f"/runs/{make_run().pk}").content.decode()

    named = set(re.findall(r'(?:src|href)="/static/(flowtime/[\w./-]+\.(?:js|css))"', html))
    sizes = {name: len(gzip.compress((STATIC / name).read_bytes())) for name in named}

    # Every module that another one imports is named in the page as well.
    for name in named:
        imported = re.findall(r'from "\./([\w-]+\.js)"', (STATIC / name).read_text())
        assert {str(Path(name).parent / module) for module in imported} <= named
    assert "flowtime/travel/player.js" in named
    assert sum(sizes.values()) < LIMIT, sizes
