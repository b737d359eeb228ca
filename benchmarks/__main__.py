"""`make bench`: every benchmark prints ratios measured in one run, with its target beside them."""

import importlib
import json
import sys
from pathlib import Path

NAMES = (
    "due_dates",
    "sweep",
    "notices",
    "reprojection",
    "create_clue",
    "hj212",
    "gateway",
    "dossier",
    "upload",
    "verdict",
    "journal",
    "detection",
    "one_hour",
    "intake_batches",
)


def main(arguments: list[str]) -> int:
    """Run the named benchmarks (all of them without a name); `--json` prints one object instead of lines."""
    as_json = "--json" in arguments
    wanted = [name for name in arguments if not name.startswith("-")] or list(NAMES)
    unknown = [name for name in wanted if not (Path(__file__).parent / f"{name}.py").exists()]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    found = {}
    for name in wanted:
        module = importlib.import_module(f"benchmarks.{name}")
        if as_json:
            found[name] = module.measure()
            continue
        print(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        module.main()
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
