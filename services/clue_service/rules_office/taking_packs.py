"""What a pack changes here, shown before and after; taking it in puts everything new in shadow."""

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session

from services.clue_service.access import require
from services.clue_service.detection.catalogue import Rule, Status
from services.clue_service.rules_office import packs
from services.clue_service.rules_office.commands import Trial, add, ref_of
from services.clue_service.rules_office.models import RuleVersion
from services.clue_service.rules_office.packs import Pack, PackSet
from services.clue_service.rules_office.registry import Rulebook, digest_of, rulebook, tuned
from shared.clock import new_id
from shared.dossier.keys import Trust
from shared.errors import NotYourStep, Text
from shared.identity import Principal
from shared.records.db import one_at_a_time, write
from shared.records.journal import Fact, chain
from shared.records.room import room_of


class ParameterChange(BaseModel):
    """A parameter that differs: null where a side has it not."""

    name: str
    unit: str
    before: float | None
    after: float | None


class RuleChange(BaseModel):
    """A rule that stands differently here (before) and in the pack (after)."""

    rule_id: str
    version_before: int | None
    version_after: int
    status_before: str | None
    status_after: str
    parameters: list[ParameterChange]


class PackView(BaseModel):
    """A pack: its signer, what differs, which versions are new here, and which sets go (or would go) into shadow."""

    agency: str
    key: str
    digest: str
    dry_run: bool
    changes: list[RuleChange]
    new_versions: list[str]
    shadowed: list[str]


def take(session: Session, content: bytes, trust: Trust, *, dry_run: bool, by: Principal, now: datetime) -> PackView:
    """Take a pack in, or only say what it would change.

    Raises NotYourStep, SignatureInvalid for a signer we do not know, BodyInvalid for anything else that is wrong.
    """
    _require_importer(session, by)
    pack = packs.read(content, trust)
    packs.require_trusted(pack)
    for rule_id in sorted({one.id for one in pack.rules}):
        one_at_a_time(session, ref_of(rule_id))
    book = rulebook(session)
    found = packs.require_sound(book, pack)
    shown = _view(book, pack, found, dry_run=dry_run)
    if not dry_run:
        _write_versions(session, book, pack, by=by, now=now)
        book = rulebook(session)
        for one in _fresh(book, pack, found):
            rule = tuned(book.versions[one.rule, one.version], one.parameters, Status.SHADOW)
            reasons = f"规则包 {pack.digest[:12]}（{pack.agency}） / rule pack {pack.digest[:12]} of {pack.agency}"
            add(session, book, Trial(rule, reasons, pack.digest), by=by, now=now)
    return shown


def difference(book: Rulebook, content: bytes, trust: Trust) -> tuple[Pack, PackView]:
    """Return a pack with what differs here, whoever signed it. Raises BodyInvalid for what is no sound pack."""
    pack = packs.read(content, trust)
    return pack, _view(book, pack, packs.require_sound(book, pack), dry_run=True)


def _require_importer(session: Session, by: Principal) -> None:
    require(by, "tune")
    owner = room_of(session).settings.rules_owner
    if not by.is_system and by.agency != owner:
        words = Text(f"规则包由 {owner} 导入", f"Rule packs are imported by {owner}")
        raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def _write_versions(session: Session, book: Rulebook, pack: Pack, *, by: Principal, now: datetime) -> None:
    for one in pack.rules:
        if (one.id, one.version) in book.versions:
            continue
        row = RuleVersion(
            rule_id=one.id,
            version=one.version,
            document=one.document,
            signed_by=pack.agency,
            pack_digest=pack.digest,
            imported_at=now,
        )
        write(session, RuleVersion, [row.model_dump()])
        said = {"version": one.version, "signed_by": pack.agency, "key": pack.key, "pack": pack.digest}
        fact = Fact("rule.imported", said, step="import")
        chain(session, ref_of(one.id), fact, journey_id=new_id(now), by=by, now=now)


def _fresh(book: Rulebook, pack: Pack, found: dict[tuple[str, int], Rule]) -> list[PackSet]:
    """The pack's sets that are neither in force nor on trial here; what its sender retired is none of them."""
    fresh = []
    for one in pack.sets:
        version = book.versions.get((one.rule, one.version)) or found[one.rule, one.version]
        digest = digest_of(tuned(version, one.parameters, Status.SHADOW))
        standing = book.standing.get(one.rule)
        is_known = standing is not None and standing.digest == digest
        is_open = any(proposal.digest == digest for proposal in book.open_of(one.rule))
        if one.status != "retired" and not is_known and not is_open:
            fresh.append(one)
    return fresh


def _view(book: Rulebook, pack: Pack, found: dict[tuple[str, int], Rule], *, dry_run: bool) -> PackView:
    versions = found | dict(book.versions)
    changes = [_change(book, one, versions[one.rule, one.version]) for one in pack.sets]
    return PackView(
        agency=pack.agency,
        key=pack.key,
        digest=pack.digest,
        dry_run=dry_run,
        changes=[one for one in changes if _differs(one)],
        new_versions=[f"{rule_id} v{version}" for rule_id, version in found if (rule_id, version) not in book.versions],
        shadowed=[f"{one.rule} v{one.version}" for one in _fresh(book, pack, found)],
    )


def _change(book: Rulebook, one: PackSet, version: Rule) -> RuleChange:
    rule = tuned(version, one.parameters, Status.SHADOW)
    standing = book.standing.get(one.rule)
    before = standing.rule if standing is not None else None
    old, new = before.values() if before is not None else {}, rule.values()
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    known = (before.parameters if before is not None else {}) | rule.parameters
    return RuleChange(
        rule_id=one.rule,
        version_before=before.version if before is not None else None,
        version_after=one.version,
        status_before=before.status.value if before is not None else None,
        status_after=one.status,
        parameters=[
            ParameterChange(name=name, unit=known[name].unit, before=old.get(name), after=new.get(name))
            for name in names
        ],
    )


def _differs(one: RuleChange) -> bool:
    is_same = (one.version_before, one.status_before) == (one.version_after, one.status_after)
    return bool(one.parameters) or not is_same
