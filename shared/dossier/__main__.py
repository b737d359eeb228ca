"""`python -m shared.dossier PATH… --keys FILE`: check bags, receipts, checkpoints, extracts, blobs without a desk."""

import argparse
import sys
from pathlib import Path

from shared.dossier.command import printed, verifier


def main(arguments: list[str]) -> int:
    """Check, print in plain words, and return 0 when everything holds, 1 when not, 2 when asked wrongly."""
    parser = argparse.ArgumentParser(prog="python -m shared.dossier", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="案卷包、回执、检查点、日志节录或证据文件")
    parser.add_argument("--keys", action="append", type=Path, default=[], help="可信公钥文件 / trusted public keys")
    parser.add_argument("--roots", action="append", type=Path, default=[], help="时间戳机构根证书 PEM / TSA roots")
    parser.add_argument("--checkpoint", action="append", type=Path, default=[], help="另存的检查点 / kept checkpoints")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    given = parser.parse_args(arguments)
    try:
        checking = verifier(given.keys, given.roots, given.checkpoint)
    except (ValueError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    reports = [report for path in given.paths for report in checking.verify(path)]
    sys.stdout.write(printed(reports, language=given.language, as_json=given.as_json) + "\n")
    return 0 if all(report.holds for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
