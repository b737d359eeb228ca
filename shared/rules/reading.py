"""Turn the files of the law into entries: which folder holds what, and what is spelled out before it is checked."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter

from shared.rules import checks
from shared.rules.entries import Agency, AgencyKind, FactField, Instrument, Rate, Role, StepField
from shared.rules.evidence_kinds import EvidenceKind, ExhibitAct, RetentionClass
from shared.rules.loading import Document, Placed, Trail, listed, read, single, validated, versions
from shared.rules.notices import Ladder, Notice
from shared.rules.predicate_reading import Referenced, predicate
from shared.rules.procedure_entries import Procedure
from shared.rules.requirements import RequirementSet
from shared.rules.standards import Standard
from shared.rules.term_entries import Term

T = TypeVar("T")
Instruments = Mapping[str, Instrument]


def read_all(folder: Path) -> dict[str, Any]:
    """Every mapping of the catalogue, checked within and against one another, and the digest of the data."""
    raws: dict[str, Any] = {}
    placed_instruments = list(_plain(folder, "instruments.yaml", "instruments", Instrument, raws))
    instruments = single(placed_instruments)
    named = _Named(folder, instruments, raws)
    shelves = checks.Shelves(
        terms=list(named.read("deadlines/*.yaml", "terms", Term)),
        standards=list(_standards(named)),
        requirements=list(named.read("requirements/*.yaml", "requirement_sets", RequirementSet)),
        procedures=list(_procedures(named)),
        roles=list(_plain(folder, "roles.yaml", "roles", Role, raws)),
        notices=list(_plain(folder, "notices.yaml", "notices", Notice, raws)),
        ladders=list(_plain(folder, "ladders.yaml", "ladders", Ladder, raws)),
        agencies=list(_plain(folder, "agencies/*.yaml", "agencies", Agency, raws)),
        agency_kinds=list(_plain(folder, "agency_kinds.yaml", "agency_kinds", AgencyKind, raws)),
        fields=list(_plain(folder, "fields/*.yaml", "fields", FactField, raws)),
        step_fields=list(_plain(folder, "step_fields.yaml", "step_fields", StepField, raws)),
        **_evidence(named),
    )
    checks.check(shelves)
    canonical = json.dumps(raws, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    found: dict[str, Any] = {
        "instruments": instruments,
        "terms": versions(shelves.terms),
        "standards": versions(shelves.standards),
        "requirements": versions(shelves.requirements),
        "procedures": versions(shelves.procedures),
        "roles": single(shelves.roles),
        "notices": single(shelves.notices),
        "ladders": single(shelves.ladders),
        "agencies": single(shelves.agencies),
        "agency_kinds": single(shelves.agency_kinds),
        "fields": single(shelves.fields),
        "step_fields": single(shelves.step_fields),
    }
    found |= {name: single(getattr(shelves, name)) for name in ("evidence_kinds", "retention", "exhibit_acts")}
    found["rates"] = single(list(named.read("rates.yaml", "rates", Rate)))
    frozen: dict[str, Any] = {name: MappingProxyType(entries) for name, entries in found.items()}
    return frozen | {"digest": hashlib.sha256(canonical.encode()).hexdigest()}


class _Named:
    """Reads entries that cite: each citation is given the name of its instrument, and each entry its validity."""

    def __init__(self, folder: Path, instruments: Instruments, raws: dict[str, Any]) -> None:
        self.folder, self.instruments, self.raws = folder, instruments, raws

    def read(self, pattern: str, key: str, kind: type[T]) -> Iterator[Placed[T]]:
        adapter = TypeAdapter(kind)
        for document, path, raw in listed(self.folder, pattern, key, kind):
            self.raws.setdefault(key, []).append(raw)
            yield validated(document, path, self.spelled_out(document, path, raw), kind, adapter)

    def spelled_out(self, document: Document, path: Trail, raw: dict[str, Any]) -> dict[str, Any]:
        """The entry with the names of the instruments it cites, and their validity where it states none itself."""
        spelled: dict[str, Any] = self._cited(document, path, raw)
        cite = raw.get("cite")
        if "in_force" not in raw and isinstance(cite, dict) and cite.get("instrument") in self.instruments:
            validity = self.instruments[cite["instrument"]].in_force
            spelled["in_force"] = {"from": validity.from_on, "to": validity.to_on}
        return spelled

    def _cited(self, document: Document, path: Trail, raw: Any) -> Any:
        if isinstance(raw, list):
            return [self._cited(document, (*path, index), item) for index, item in enumerate(raw)]
        if not isinstance(raw, dict):
            return raw
        if set(raw) <= {"instrument", "article"} and "instrument" in raw:
            return self._cite(document, path, raw)
        return {key: self._cited(document, (*path, key), value) for key, value in raw.items()}

    def _cite(self, document: Document, path: Trail, raw: dict[str, Any]) -> dict[str, Any]:
        instrument = self.instruments.get(raw["instrument"])
        if instrument is None:
            raise document.error(
                (*path, "instrument"),
                f"没有文件 {raw['instrument']}:在 instruments.yaml 登记或更正。",
                f"no instrument '{raw['instrument']}': add it to instruments.yaml or correct the id.",
            )
        return raw | {"name_zh": instrument.name_zh, "name_en": instrument.name_en}


def _evidence(named: _Named) -> dict[str, Any]:
    return {
        "evidence_kinds": list(named.read("evidence_kinds/*.yaml", "evidence_kinds", EvidenceKind)),
        "retention": list(named.read("retention.yaml", "retention", RetentionClass)),
        "exhibit_acts": list(named.read("exhibit_acts.yaml", "exhibit_acts", ExhibitAct)),
    }


def _plain(folder: Path, pattern: str, key: str, kind: type[T], raws: dict[str, Any]) -> Iterator[Placed[T]]:
    adapter = TypeAdapter(kind)
    for document, path, raw in listed(folder, pattern, key, kind):
        raws.setdefault(key, []).append(raw)
        yield validated(document, path, raw, kind, adapter)


def _standards(named: _Named) -> Iterator[Placed[Standard]]:
    adapter = TypeAdapter(Standard)
    items = list(listed(named.folder, "standards/*.yaml", "standards", Standard))
    raw_predicates: Referenced = {
        raw.get("id"): (document, (*path, "predicate"), raw.get("predicate")) for document, path, raw in items
    }
    for document, path, raw in items:
        named.raws.setdefault("standards", []).append(raw)
        spelled = named.spelled_out(document, path, raw)
        if "predicate" in raw:
            spelled["predicate"] = predicate(document, (*path, "predicate"), raw["predicate"], raw_predicates)
        yield validated(document, path, spelled, Standard, adapter)


def _procedures(named: _Named) -> Iterator[Placed[Procedure]]:
    adapter = TypeAdapter(Procedure)
    for file in sorted(named.folder.glob("procedures/*.yaml")):
        document = read(file, named.folder)
        if not isinstance(document.data, dict):
            raise document.error((), "文件应为一个程序。", "the file must describe one procedure.")
        named.raws.setdefault("procedures", []).append(document.data)
        spelled = named.spelled_out(document, (), document.data)
        steps = spelled.get("steps")
        if isinstance(steps, dict):
            spelled["steps"] = {
                name: ({"id": name} | step if isinstance(step, dict) else step) for name, step in steps.items()
            }
        yield validated(document, (), spelled, Procedure, adapter)
