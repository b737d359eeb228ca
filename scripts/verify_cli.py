"""`lianqin verify`: what a bag, receipt, checkpoint, journal extract or blob is, and what of it holds. Offline."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.config import Settings
from shared.dossier.command import printed, verifier
from shared.records.keyring import open_keyring


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("verify")(verify)


def verify(
    paths: Annotated[list[Path], typer.Argument(help="案卷包、回执、检查点、日志节录、证据文件或文件夹")],
    keys: Annotated[list[Path] | None, typer.Option(help="可信公钥文件 / trusted public keys")] = None,
    roots: Annotated[list[Path] | None, typer.Option(help="时间戳机构根证书 PEM / TSA roots")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="另存的检查点 / checkpoints kept elsewhere")] = None,
    language: Annotated[str, typer.Option(help="zh, en")] = "zh",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """核对文件并说明哪些成立 / Check files and say what holds; exit status 1 when something does not.

    Without --keys the keys of this desk are believed, without --roots its time stamp authorities.
    """
    settings = Settings()
    try:
        known = open_keyring(settings).public_keys() if keys is None else []
        believed = roots if roots is not None else [settings.tsa_roots] if settings.tsa_roots else []
        checking = verifier(keys or (), believed, checkpoint or (), known=known)
    except (ValueError, OSError) as wrong:
        print(wrong, file=sys.stderr)
        raise typer.Exit(2) from wrong
    reports = [report for path in paths for report in checking.verify(path)]
    print(printed(reports, language="en" if language == "en" else "zh", as_json=as_json))
    raise typer.Exit(0 if all(report.holds for report in reports) else 1)
