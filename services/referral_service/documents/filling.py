"""What the desk knows of a document's fields: from the subject, its facts, verdicts, clocks, evidence and agencies."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from sqlmodel import Session, select

from services.referral_service.documents.models import Document
from shared.documents.dates import moment
from shared.matters.models import Between
from shared.records import evidence, subjects
from shared.records.evidence import Item
from shared.records.notices import agencies_as
from shared.records.room import Room, room_of
from shared.rules.catalogue import UnknownEntry
from shared.rules.document_kinds import DocumentField, DocumentKind

RELATIONS = ("receiver", "respondent", "copied", "partner", "owner")
"""Those who take part, in the order in which an agency of a kind is looked for."""
UNITS_ZH: Mapping[str, str] = {
    "tonne": "吨",
    "kilogram": "千克",
    "gram": "克",
    "CNY": "元",
    "CNY_10k": "万元",
    "hour": "小时",
    "minute": "分钟",
    "day": "日",
    "mu": "亩",
    "hectare": "公顷",
    "m2": "平方米",
    "m3": "立方米",
    "litre": "升",
    "times_over_standard": "倍",
    "ratio": "",
    "count": "次",
    "person": "人",
    "vehicle": "辆",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a field may be filled from: the subject, who issues the document, and when."""

    session: Session
    subject: Between
    kind: DocumentKind
    maker: str
    now: datetime

    @property
    def room(self) -> Room:
        """Return the room at work."""
        return room_of(self.session)


def known(scene: Scene) -> dict[str, Any]:
    """Return the fields the desk can fill in, by their ids; what it does not know is left out."""
    found = {wanted.id: _sourced(scene, wanted) for wanted in scene.kind.fields if wanted.source}
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def agency_of(scene: Scene, kind: str) -> str:
    """Return the agency of a kind that takes part, other than the one that issues; empty when there is none."""
    catalogue = scene.room.catalogue
    for relation in RELATIONS:
        for agency in _agencies(scene, relation):
            found = catalogue.agencies.get(agency)
            if found is not None and found.kind == kind and agency != scene.maker:
                return agency
    return ""


def name_of(room: Room, agency: str) -> str:
    """Return an agency's Chinese name; its id where the directory has none."""
    found = room.catalogue.agencies.get(agency)
    return found.name_zh if found is not None else agency


def category(scene: Scene, item: Item) -> str:
    """Return what kind of material an item is, in Chinese."""
    try:
        return scene.room.catalogue.document(item.document).name_zh
    except UnknownEntry:
        return "其他材料"


def _agencies(scene: Scene, relation: str) -> Iterable[str]:
    """Return the agencies in a relation, also those that do not see the subject yet."""
    subject = scene.subject
    yield from agencies_as(scene.session, subject, relation)
    yield from subject.takes_part.get(relation, ())
    column = getattr(subject, relation, "")
    if column:
        yield str(column)


def _sourced(scene: Scene, wanted: DocumentField) -> Any:
    source, _, rest = wanted.source.partition(".")
    if source == "subject":
        return _of_subject(scene.subject, rest)
    if source == "agency":
        agency = agency_of(scene, rest)
        return name_of(scene.room, agency) if agency else ""
    return SOURCES[source](scene, wanted)


def _of_subject(subject: Between, name: str) -> Any:
    """Return a column of the subject, else what its steps stated under that name."""
    value = getattr(subject, name, None)
    value = subject.stated.get(name) if value in (None, "") else value
    if isinstance(value, str) and len(value) == 64 and name.endswith("manifest"):
        return _in_groups(value)
    if isinstance(value, str) and name.endswith("_at"):
        return _instant(value)
    return value


def _instant(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _maker(scene: Scene, _wanted: DocumentField) -> str:
    return name_of(scene.room, scene.maker)


def _annexed(scene: Scene, _wanted: DocumentField) -> bool | None:
    """Return that the list is attached, where there is something to list: the letter carries it as an annex."""
    return True if _listed(scene) else None


def _materials(scene: Scene, wanted: DocumentField) -> list[dict[str, str]]:
    columns = {column.id for column in wanted.columns}
    rows = [
        {
            "material": PurePath(item.name).stem,
            "category": category(scene, item),
            "copies_given": "1",
            "sha256": _in_groups(item.sha256),
        }
        for item in _listed(scene)
    ]
    return [{name: text for name, text in row.items() if name in columns} for row in rows]


def _evidence(scene: Scene, _wanted: DocumentField) -> list[str]:
    papers = {file["item"] for file in _files(scene)}
    proofs = [item for item in _listed(scene) if str(item.id) not in papers]
    return [f"{category(scene, item)}：{PurePath(item.name).stem}" for item in proofs]


def _listed(scene: Scene) -> list[Item]:
    """Return the materials that travel: held, not internal, not this document itself, a document once."""
    left_out = {*scene.kind.satisfies, scene.kind.id}
    twins = {file["item"] for file in _files(scene) if file["is_twin"]}
    held = (item for item in evidence.items(scene.session, scene.subject) if item.state == "held")
    own = (item for item in held if item.document not in left_out and str(item.id) not in twins)
    return [item for item in own if not _is_internal(scene, item)]


def _files(scene: Scene) -> list[dict[str, Any]]:
    """Return the files of the documents issued so far; a Word file beside a PDF is its twin."""
    statement = select(Document).where(Document.subject == scene.subject.ref)
    listed = [one.files for one in scene.session.exec(statement)]
    return [file | {"is_twin": index > 0} for files in listed for index, file in enumerate(files)]


def _is_internal(scene: Scene, item: Item) -> bool:
    try:
        return scene.room.catalogue.document(item.document).internal
    except UnknownEntry:
        return False


def _facts(scene: Scene, _wanted: DocumentField) -> list[str]:
    return [_fact(scene, name, fact) for name, fact in scene.subject.facts.items() if isinstance(fact, Mapping)]


def _fact(scene: Scene, name: str, fact: Mapping[str, Any]) -> str:
    field = scene.room.catalogue.fields.get(name)
    label, choices = (field.zh, field.choices or {}) if field is not None else (name, {})
    value = fact.get("value")
    unit = UNITS_ZH.get(str(fact.get("unit") or (field.unit if field is not None else "") or ""), "")
    said = [_value(one, choices) for one in (value if isinstance(value, list) else [value])]
    return f"{label}：{'、'.join(said)}{unit}。"


def _value(value: Any, choices: Mapping[str, Any]) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.10g}"
    return choices[value].zh if isinstance(value, str) and value in choices else str(value)


def _standards(scene: Scene, _wanted: DocumentField) -> list[str]:
    """Return the articles of the standards that are met and were verified, each with what it is about."""
    met = [verdict for verdict in scene.subject.verdicts if verdict.get("outcome") == "met"]
    said = [_standard(scene.room, verdict) for verdict in met if verdict.get("verified", True)]
    return list(dict.fromkeys(said))


def _standard(room: Room, verdict: Mapping[str, Any]) -> str:
    versions = room.catalogue.standards.get(str(verdict.get("standard_id", "")), ())
    about = versions[-1].name_zh if versions else verdict.get("offence_or_matter", "")
    return f"{verdict['cite']['zh']}：{about}"


def _lapsed_terms(scene: Scene, _wanted: DocumentField) -> list[str]:
    """Return the clocks of others that lapsed without the act they wait for."""
    clocks = subjects.clocks_of(scene.session, scene.subject)
    late = (clock for clock in clocks if clock["ended_at"] is None and clock["due_at"] <= scene.now)
    return [_lapsed(scene.room, clock) for clock in late if clock["party"] != scene.maker]


def _lapsed(room: Room, clock: Mapping[str, Any]) -> str:
    ended = moment(clock["due_at"])
    return f"{name_of(room, clock['party'])}：{clock['name_zh']}（{clock['cite_zh']}）已于{ended}届满。"


def _officers(scene: Scene, _wanted: DocumentField) -> str:
    """Return the officers of the task force, as the item that names them says."""
    for item in evidence.items(scene.session, scene.subject):
        named = json.loads(item.details).get("officers") if item.state == "held" else None
        if isinstance(named, list):
            return "、".join(str(one) for one in named)
        if named:
            return str(named)
    return ""


def _in_groups(digest: str) -> str:
    """Return a digest in groups of sixteen, so that a line can end between them."""
    return " ".join(digest[start : start + 16] for start in range(0, len(digest), 16))


SOURCES: Mapping[str, Callable[[Scene, DocumentField], Any]] = {
    "maker": _maker,
    "annexed": _annexed,
    "materials": _materials,
    "evidence": _evidence,
    "facts": _facts,
    "standards": _standards,
    "lapsed_terms": _lapsed_terms,
    "officers": _officers,
}
