"""The verifier's command line, for the desk's `lianqin verify` and for outsiders: `python -m shared.dossier PATH`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.dossier.exact import NotExact
from shared.dossier.findings import Report
from shared.dossier.keys import PublicKey, Trust, read_keys
from shared.dossier.stamps import read_roots
from shared.dossier.statements import Statement
from shared.dossier.verifying import Verifier

VERDICTS = {
    ("zh", True): "结论：全部成立。",
    ("zh", False): "结论：不成立，{count} 处问题。",
    ("en", True): "Verdict: everything holds.",
    ("en", False): "Verdict: it does not hold, {count} problems.",
}


def verifier(
    keys: Iterable[Path] = (),
    roots: Iterable[Path] = (),
    checkpoints: Iterable[Path] = (),
    *,
    known: Sequence[PublicKey] = (),
) -> Verifier:
    """Return a verifier that believes key files, PEM roots and checkpoint files. Raises ValueError or OSError."""
    trusted = [*known, *(key for path in keys for key in read_keys(path.read_bytes()))]
    certificates = [one for path in roots for one in read_roots(path.read_bytes())]
    trust, said = Trust(trusted), []
    for path in checkpoints:
        statement = Statement(path.read_bytes())
        if statement.type != "checkpoint" or any(
            one.outcome == "fails" for one in statement.check(trust, path=path.name)
        ):
            raise NotExact(f"{path}: no checkpoint of a trusted signer")
        said.append(statement.said)
    return Verifier(trust, certificates, said)


def printed(reports: Sequence[Report], *, language: str, as_json: bool) -> str:
    """Return what is told of reports: one line a finding and a verdict, or JSON."""
    if as_json:
        return json.dumps([report.as_dict() for report in reports], ensure_ascii=False, indent=1)
    return "\n".join(_spoken(report, language) for report in reports)


def _spoken(report: Report, language: str) -> str:
    lines = [report.path, *(f"  {finding.say(language)}" for finding in report.findings)]
    verdict = VERDICTS[language, report.holds]
    return "\n".join([*lines, "  " + verdict.format(count=len(report.failures))])
