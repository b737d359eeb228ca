"""Rule packs: the versions and the sets in force of one desk as one signed text, and what another makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, select

from services.clue_service.detection.catalogue import Rule, RuleError, Status, documents, newest, parse
from services.clue_service.detection.functions import MODELS
from services.clue_service.rules_office.models import Number, RuleVersion
from services.clue_service.rules_office.registry import Rulebook, changed, problems
from shared.dossier.exact import NotExact, exact, sha256
from shared.dossier.findings import Finding
from shared.dossier.keys import Signer, Trust
from shared.dossier.statements import RULE_PACK, Statement, state
from shared.errors import BodyInvalid, SignatureInvalid, Text

RuleId = Annotated[str, Field(pattern=r"^R\d{2}$")]
Version = Annotated[int, Field(ge=1, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackRule(_Strict):
    """A version: the very text of its file."""

    id: RuleId
    version: Version
    document: Annotated[str, Field(max_length=200_000)]


class PackSet(_Strict):
    """How a rule stands at the sender: version, overrides and status."""

    rule: RuleId
    version: Version
    parameters: dict[str, Number]
    status: Literal["active", "shadow", "retired"]


class _Content(_Strict):
    type: Literal["rule_pack"]
    format: Literal[1]
    agency: str
    at: str
    rules: Annotated[list[PackRule], Field(max_length=1000)]
    sets: Annotated[list[PackSet], Field(max_length=1000)]
    digest: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was read: who signed it, its digest, its versions and sets, and what its signature is worth."""

    agency: str
    key: str
    digest: str
    rules: tuple[PackRule, ...]
    sets: tuple[PackSet, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing for which a pack is refused: where, a code, and the words."""

    place: str
    code: str
    words: Text


def came(session: Session) -> dict[tuple[str, int], str]:
    """Return the texts of the versions that came in packs."""
    return {(one.rule_id, one.version): one.document for one in session.exec(select(RuleVersion))}


def export(book: Rulebook, others: Mapping[tuple[str, int], str], signer: Signer, *, now: datetime) -> bytes:
    """Return every version known here and how each rule stands, signed; `others` are texts that are not our files."""
    texts = dict(others) | {key: text for key, text in documents().items() if key in book.versions}
    rules = [{"id": key[0], "version": key[1], "document": texts[key]} for key in sorted(texts)]
    sets = [
        {
            "rule": rule_id,
            "version": one.rule.version,
            "parameters": changed(book.versions[rule_id, one.rule.version], one.rule.values()),
            "status": one.rule.status.value,
        }
        for rule_id, one in sorted(book.standing.items())
    ]
    said = {
        "type": RULE_PACK,
        "format": 1,
        "agency": signer.agency,
        "at": now.isoformat(),
        "rules": rules,
        "sets": sets,
    }
    return state(said | {"digest": _digest(rules, sets)}, signer, at=now)


def read(content: bytes, trust: Trust) -> Pack:
    """Return a pack with what its signature is worth. Raises BodyInvalid for what is no signed pack at all."""
    try:
        statement = Statement(content)
        said = _Content.model_validate(statement.said)
    except NotExact as broken:
        raise _refused("unreadable", Text(f"不是签名的规则包：{broken}", f"No signed rule pack: {broken}")) from broken
    except ValidationError as broken:
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in broken.errors()[:5])
        raise _refused(
            "wrong_shape", Text(f"规则包格式有误：{places}", f"The pack's shape is wrong: {places}")
        ) from broken
    findings = statement.check(trust, path="")
    if said.digest != _digest(statement.said["rules"], statement.said["sets"]):
        raise _refused("digest", Text("规则包摘要与内容不符", "The pack's digest is not that of its content"))
    key = statement.signature.key
    return Pack(said.agency, key, said.digest, tuple(said.rules), tuple(said.sets), tuple(findings))


def require_trusted(pack: Pack) -> None:
    """Refuse a pack whose signature does not hold or whose signer is unknown. Raises SignatureInvalid."""
    wrong = [one for one in pack.findings if one.outcome == "fails"]
    if wrong or not pack.findings:
        words = Text("；".join(one.zh for one in wrong), "; ".join(one.en for one in wrong))
        reasons = [{"code": one.code, "zh": one.zh, "en": one.en} for one in wrong]
        raise SignatureInvalid(words, reasons=reasons)


def require_sound(book: Rulebook, pack: Pack) -> dict[tuple[str, int], Rule]:
    """Return the pack's versions as rules. Raises BodyInvalid with everything that is wrong with its content."""
    found: dict[tuple[str, int], Rule] = {}
    wrong = [*_wrong_rules(book, pack, found), *_wrong_sets({**found, **book.versions}, pack)]
    if wrong:
        errors = [{"field": one.place, "code": one.code, "message": one.words} for one in wrong]
        raise BodyInvalid(wrong[0].words, errors=errors)
    return found


def _wrong_rules(book: Rulebook, pack: Pack, found: dict[tuple[str, int], Rule]) -> Iterator[Wrong]:
    for one in pack.rules:
        place = f"rules.{one.id}.{one.version}"
        if one.id not in MODELS:
            words = Text(f"本系统没有 {one.id} 的判定函数", f"There is no function here that judges {one.id}")
            yield Wrong(place, "no_function", words)
            continue
        try:
            rule = parse(one.document, place)
        except RuleError as broken:
            yield Wrong(
                place, "unreadable_rule", Text(f"规则文件有误：{broken}", f"The rule's file is wrong: {broken}")
            )
            continue
        if (rule.id, rule.version) != (one.id, one.version) or (one.id, one.version) in found:
            words = Text("编号、版本与文件不一致或重复", "id or version are not those of the file, or stand twice")
            yield Wrong(place, "wrong_version", words)
            continue
        found[rule.id, rule.version] = rule
        yield from _unfit(place, rule, book.versions.get((rule.id, rule.version)))


def _unfit(place: str, rule: Rule, ours: Rule | None) -> Iterator[Wrong]:
    """What keeps a version that can be read from being used here; `ours` is this desk's version of that number."""
    if ours is not None and _content(ours) != _content(rule):
        words = Text(
            f"{rule.id} 第 {rule.version} 版与本系统同一版本内容不同",
            f"{rule.id} version {rule.version} differs from the same version here",
        )
        yield Wrong(place, "version_differs", words)
    # The function here reads what the newest version has that came with it.
    missing = sorted(set(newest(rule.id).parameters) - set(rule.parameters))
    if missing:
        listed = ", ".join(missing)
        words = Text(
            f"{rule.id} 缺少本系统判定函数所读的参数：{listed}",
            f"{rule.id} lacks parameters that the function here reads: {listed}",
        )
        yield Wrong(place, "missing_parameter", words)


def _content(rule: Rule) -> Rule:
    """A version without how it stands, which each desk decides for itself."""
    return rule.model_copy(update={"status": Status.SHADOW})


def _wrong_sets(versions: Mapping[tuple[str, int], Rule], pack: Pack) -> Iterator[Wrong]:
    seen: set[str] = set()
    for one in pack.sets:
        rule = versions.get((one.rule, one.version))
        if one.rule not in MODELS:
            words = Text(f"本系统没有 {one.rule} 的判定函数", f"There is no function here that judges {one.rule}")
            yield Wrong(f"sets.{one.rule}", "no_function", words)
        elif rule is None or one.rule in seen:
            words = Text(
                f"{one.rule} 没有第 {one.version} 版或重复", f"{one.rule}: no such version, or it stands twice"
            )
            yield Wrong(f"sets.{one.rule}", "unknown_version", words)
        else:
            for name, code, words in problems(rule, one.parameters):
                yield Wrong(f"sets.{one.rule}.parameters.{name}", code, words)
        seen.add(one.rule)


def _digest(rules: Any, sets: Any) -> str:
    return sha256(exact({"rules": rules, "sets": sets}))


def _refused(code: str, words: Text) -> BodyInvalid:
    return BodyInvalid(words, errors=[{"field": "pack", "code": code, "message": words}])
