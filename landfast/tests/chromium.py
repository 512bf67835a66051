"""The browser of the tests: the Chromium or Chrome of this machine; none is downloaded."""

import os
import shutil

import pytest

CHROMIUM = next(
    filter(
        None,
        map(
            shutil.which,
            (os.environ.get("LANDFAST_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome", "chrome"),
        ),
    ),
    None,
)
"""Its executable; the environment variable LANDFAST_CHROMIUM names another one."""

with_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium: install it (Debian: apt-get install chromium), or name one in LANDFAST_CHROMIUM",
)
