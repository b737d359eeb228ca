"""The law as one frozen catalogue: loaded strictly, looked up by id and date."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

from shared.rules.entries import Agency, AgencyKind, FactField, InForce, Instrument, Rate, Role, StepField
from shared.rules.evidence_kinds import EvidenceKind, ExhibitAct, RetentionClass
from shared.rules.loading import CatalogueError, in_force
from shared.rules.notices import Ladder, Notice
from shared.rules.procedure_entries import Procedure
from shared.rules.requirements import Requirement, RequirementSet
from shared.rules.standards import Standard
from shared.rules.term_entries import Term

__all__ = ["DATA", "Catalogue", "CatalogueError", "NotInForce", "UnknownEntry", "default", "load"]

DATA = Path(__file__).parent / "data"


class UnknownEntry(LookupError):
    """No entry of that kind has this id."""


class NotInForce(LookupError):
    """The entry exists, but no version of it holds on that day."""


class Dated(Protocol):
    """An entry with an id and a validity."""

    @property
    def id(self) -> str: ...

    @property
    def in_force(self) -> InForce: ...


D = TypeVar("D", bound=Dated)


@dataclass(frozen=True)
class Catalogue:
    """Every entry by id; dated entries as tuples of versions in order of date. Looked up by day, never edited."""

    instruments: Mapping[str, Instrument]
    terms: Mapping[str, tuple[Term, ...]]
    standards: Mapping[str, tuple[Standard, ...]]
    requirements: Mapping[str, tuple[RequirementSet, ...]]
    procedures: Mapping[str, tuple[Procedure, ...]]
    roles: Mapping[str, Role]
    notices: Mapping[str, Notice]
    ladders: Mapping[str, Ladder]
    agencies: Mapping[str, Agency]
    agency_kinds: Mapping[str, AgencyKind]
    fields: Mapping[str, FactField]
    rates: Mapping[str, Rate]
    step_fields: Mapping[str, StepField]
    evidence_kinds: Mapping[str, EvidenceKind]
    retention: Mapping[str, RetentionClass]
    exhibit_acts: Mapping[str, ExhibitAct]
    digest: str

    def __hash__(self) -> int:
        """By its digest: catalogues that are equal have one."""
        return hash(self.digest)

    def term(self, id: str, on: date | None = None) -> Term:
        """The version of a term in force on a day (None: the newest). UnknownEntry, NotInForce."""
        return _version(self.terms, id, on)

    def standard(self, id: str, on: date | None = None) -> Standard:
        """The version of a standard in force on a day (None: the newest). UnknownEntry, NotInForce."""
        return _version(self.standards, id, on)

    def standards_on(self, on: date, target: str | None = None) -> tuple[Standard, ...]:
        """Every standard in force on a day; `target` an agency kind or a category."""
        found = (entry for entries in self.standards.values() for entry in entries if entry.in_force.holds(on))
        return tuple(entry for entry in found if target in (None, entry.target_agency, entry.category))

    def requirement_set(self, referral_type: str, on: date | None = None) -> RequirementSet:
        """The documents of a referral type on a day (None: the newest). UnknownEntry, NotInForce."""
        return _version(self.requirements, referral_type, on)

    def document(self, document_id: str) -> Requirement:
        """A required document by its id, whichever set it belongs to. UnknownEntry."""
        try:
            return self._documents[document_id]
        except KeyError:
            raise UnknownEntry(f"没有文书 {document_id} / no document '{document_id}'") from None

    def procedure(self, id: str, on: date | None = None) -> Procedure:
        """The version of a procedure in force on a day (None: the newest). UnknownEntry, NotInForce."""
        return _version(self.procedures, id, on)

    def procedure_version(self, id: str, version: int) -> Procedure:
        """The version a subject was begun under. UnknownEntry."""
        for procedure in self.procedures.get(id, ()):
            if procedure.version == version:
                return procedure
        raise UnknownEntry(f"没有程序 {id} 第 {version} 版 / no version {version} of procedure '{id}'")

    def supervising_procuratorate(self, agency_id: str) -> Agency | None:
        """The procuratorate of the same administrative division, if the directory has one."""
        division = self.agencies[agency_id].division if agency_id in self.agencies else None
        found = (agency for agency in self.agencies.values() if agency.kind == "people_procuratorate")
        return next((agency for agency in found if agency.division == division), None)

    def on(self, day: date) -> "Catalogue":
        """The catalogue as it stood on a day: only the versions in force, ids without one left out."""
        return replace(
            self,
            terms=_holding(self.terms, day),
            standards=_holding(self.standards, day),
            requirements=_holding(self.requirements, day),
            procedures=_holding(self.procedures, day),
        )

    def notices_of(self, event: str) -> tuple[Notice, ...]:
        """What an event tells whom, in the order of the file."""
        return self._notices_by_event.get(event, ())

    @cached_property
    def _notices_by_event(self) -> dict[str, tuple[Notice, ...]]:
        found: dict[str, tuple[Notice, ...]] = {}
        for notice in self.notices.values():
            found[notice.event] = (*found.get(notice.event, ()), notice)
        return found

    @cached_property
    def _documents(self) -> dict[str, Requirement]:
        sets = (entry for entries in self.requirements.values() for entry in entries)
        return {document.id: document for required in sets for document in required.documents}


def load(folder: Path = DATA) -> Catalogue:
    """Read and check every file under `folder`. CatalogueError names file and line, what is wrong, what to do."""
    from shared.rules.reading import read_all

    found = read_all(folder)
    return Catalogue(**{item.name: found[item.name] for item in fields(Catalogue)})


@cache
def default() -> Catalogue:
    """The law that travels with the project."""
    return load(DATA)


def _version(entries: Mapping[str, tuple[D, ...]], id: str, on: date | None) -> D:
    known = entries.get(id)
    if not known:
        raise UnknownEntry(f"没有条目 {id} / no entry '{id}'")
    if on is None:
        return known[-1]
    for entry in known:
        if entry.in_force.holds(on):
            return entry
    spans = "; ".join(f"{entry.in_force.from_on or '…'} – {entry.in_force.to_on or '…'}" for entry in known)
    raise NotInForce(f"{id} 在 {on} 不适用(有效期 {spans}) / '{id}' is not in force on {on} (it holds {spans})")


def _holding(entries: Mapping[str, tuple[D, ...]], day: date) -> Mapping[str, tuple[D, ...]]:
    kept = {id: tuple(entry for entry in known if in_force(entry).holds(day)) for id, known in entries.items()}
    return MappingProxyType({id: known for id, known in kept.items() if known})
