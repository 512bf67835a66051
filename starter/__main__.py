"""`python -m starter`: builds the starter and the wheel that brings it."""

import sys
from pathlib import Path

from landfast.starter import StarterError
from starter.build import BuildError, build

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Build both into dist, and tell what they are."""
    try:
        for path in build(ROOT, ROOT / "dist"):
            sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1_048_576:.1f} MiB\n")
    except (BuildError, StarterError, OSError) as error:
        sys.stderr.write(f"starter: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
