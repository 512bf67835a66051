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

WITHOUT_SUGGESTIONS = (
    "--disable-features=WebUIOmniboxAimPopup,WebUIOmniboxPopup,AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,"
    "LensOverlay,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,PreconnectToSearch,"
    "ThirdPartyStoragePartitioning"
)
"""Each window of a browser makes two pages for what its address bar would suggest, in a process of their own, which
costs more than a page of the console. Of two such lists the last counts, so what Playwright leaves out is in it."""

with_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium: install it (Debian: apt-get install chromium), or name one in LANDFAST_CHROMIUM",
)
