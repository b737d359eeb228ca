"""Writes every generated document anew, or with `--check` tells which are stale."""

import sys

from scripts import docs_errors, docs_journey, docs_law, docs_openapi, docs_settings

PARTS = (docs_law, docs_errors, docs_journey, docs_settings, docs_openapi)


def main(arguments: list[str]) -> int:
    """Run every part; the exit status is 1 when one is stale."""
    return max(int(part.main(arguments)) for part in PARTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
