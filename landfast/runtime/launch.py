"""Starts awslambdaric in a worker: `python -S -P launch.py HANDLER`.

`-S` keeps the service's own packages out of the handler's sight, so that a dependency missing from the layer is
missing here as well; `exit()` and `quit()`, which Lambda's interpreter has, come back by hand.
"""

from __future__ import annotations

import site
import sys

from awslambdaric.__main__ import main  # type: ignore[import-untyped] # it has no type hints

if __name__ == "__main__":
    site.setquit()
    main(sys.argv)
