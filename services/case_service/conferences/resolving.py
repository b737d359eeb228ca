"""Resolve: what the conference agreed acts on the cases in the same transaction, or nothing does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.cases import asking
from services.case_service.cases import commands as cases
from services.case_service.cases import queries as case_queries
from services.case_service.cases.asking import Wanted
from services.case_service.cases.models import Case, Close, Refer, ReferOtherwise, Reopen
from services.case_service.conferences import queries
from services.case_service.conferences.following import add
from services.case_service.conferences.models import Conference
from services.case_service.conferences.resolutions import (
    NewAction,
    Resolve,
    ResolveClose,
    ResolveInvolve,
    ResolveList,
    ResolveNote,
    ResolveRefer,
    ResolveReferOtherwise,
    ResolveSupplement,
)
from shared.errors import StepRefused, Text, wrong
from shared.identity import Principal
from shared.records.perform import expect, perform, require_actor
from shared.records.room import room_of

CONCLUDED = "concluded"
Result = dict[str, Any]


@dataclass(slots=True)
class Acting:
    """A resolution at work: who resolves when, and the tasks and matters that come of it."""

    session: Session
    found: Conference
    by: Principal
    now: datetime
    actions: list[NewAction] = field(default_factory=list)
    matters: list[dict[str, Any]] = field(default_factory=list)

    def case(self, ref: str) -> Case:
        """Return a case the conference is about. Raises BodyInvalid for any other."""
        if ref not in self.found.about:
            words = ("该会商不涉及这一案件", "the conference is not about this case")
            raise wrong("resolutions.subject", "not_on_the_agenda", *words, about=self.found.about)
        return case_queries.case(self.session, UUID(ref.partition(":")[2]), seen_by=self.by)


def resolve(session: Session, conference_id: UUID, body: Resolve, *, by: Principal, now: datetime) -> Conference:
    """Resolve. Raises StepRefused without a quorum, saying who is missing, and whatever a case's law refuses."""
    found = queries.conference(session, conference_id, seen_by=by, is_alone=True)
    require_actor(session, found, "resolve", by=by)
    expect(session, found)
    session.info["if_match"] = None  # it named the version of the conference, not those of the cases
    if found.state != "open":
        return perform(session, found, "resolve", body, by=by, now=now)
    _require_quorum(session, found)
    acting = Acting(session, found, by, now, actions=list(body.actions))
    results = [_act(acting, one) for one in body.resolutions]
    terms = add(session, found, acting.actions, by=by, now=now)
    said = {
        "resolutions": results,
        "actions": [one.model_dump(mode="json") for one in acting.actions],
        "matters": acting.matters,
        "terms": terms,
    }
    return perform(session, found, "resolve", said, by=by, now=now)


def _require_quorum(session: Session, found: Conference) -> None:
    asked = queries.quorum(session, found)
    if asked.holds:
        return
    room = room_of(session)
    missing = "、".join(queries.name_of(room, agency) for agency in asked.missing)
    zh = f"未达到召集时载明的到会要求：应有 {asked.wanted} 个机关，实有 {len(asked.present)} 个"
    en = f"No quorum: {asked.wanted} agencies are wanted, {len(asked.present)} take part"
    tail = (f"；必须到会而未到：{missing}", f"; missing: {', '.join(asked.missing)}") if missing else ("", "")
    words = Text(zh + tail[0], en + tail[1])
    raise StepRefused(words, wanted=asked.wanted, present=asked.present, missing=asked.missing, recused=asked.recused)


def _act(acting: Acting, one: Any) -> Result:
    said = ACTS[type(one)](acting, one)
    return {"kind": one.kind, "subject": getattr(one, "subject", "")} | said


def _refer(acting: Acting, one: ResolveRefer) -> Result:
    case = acting.case(one.subject)
    body = Refer(suspected_offence=one.suspected_offence)
    cases.refer(acting.session, case.id, body, by=acting.by, now=acting.now)
    return _words(
        f"将案件“{case.title}”以涉嫌{one.suspected_offence}移送公安机关", f"refer '{case.title}' to the police"
    )


def _refer_otherwise(acting: Acting, one: ResolveReferOtherwise) -> Result:
    case = acting.case(one.subject)
    body = ReferOtherwise(procedure=one.procedure, parties=one.parties, note=one.note)
    cases.refer_otherwise(acting.session, case.id, body, by=acting.by, now=acting.now)
    name = room_of(acting.session).catalogue.procedures[one.procedure][-1]
    said = _words(f"将案件“{case.title}”按《{name.name_zh}》办理", f"refer '{case.title}' under '{name.name_en}'")
    return said | {"procedure": one.procedure}


def _involve(acting: Acting, one: ResolveInvolve) -> Result:
    case = acting.case(one.subject)
    _matter(acting, case, "early_involvement", one.parties, {"grounds": one.grounds})
    return _words(f"就案件“{case.title}”通报公安机关，请其提前介入", f"tell the police early of '{case.title}'")


def _list(acting: Acting, one: ResolveList) -> Result:
    case = acting.case(one.subject)
    _matter(acting, case, "listed_supervision", one.parties, {"grounds": one.grounds})
    return _words(f"提请对案件“{case.title}”联合挂牌督办", f"propose '{case.title}' for joint supervision")


def _supplement(acting: Acting, one: ResolveSupplement) -> Result:
    case = acting.case(one.subject)
    if case.state == CONCLUDED:
        cases.reopen_investigation(acting.session, case.id, Reopen(reason=one.what), by=acting.by, now=acting.now)
    task = NewAction(task=one.what, agency=one.agency, due_at=one.due_at, subject=one.subject)
    acting.actions.append(task)
    name = queries.name_of(room_of(acting.session), one.agency)
    return _words(f"由{name}补充：{one.what}", f"{one.agency} supplies: {one.what}")


def _close(acting: Acting, one: ResolveClose) -> Result:
    case = acting.case(one.subject)
    cases.close(acting.session, case.id, Close.model_validate({"result": one.result}), by=acting.by, now=acting.now)
    return _words(f"案件“{case.title}”结案", f"close '{case.title}'") | {"result": one.result}


def _note(_acting: Acting, one: ResolveNote) -> Result:
    return _words(one.text, one.text)


def _words(zh: str, en: str) -> Result:
    return {"zh": zh, "en": en}


ACTS: Mapping[type, Callable[[Acting, Any], Result]] = {
    ResolveRefer: _refer,
    ResolveReferOtherwise: _refer_otherwise,
    ResolveInvolve: _involve,
    ResolveList: _list,
    ResolveSupplement: _supplement,
    ResolveClose: _close,
    ResolveNote: _note,
}


def _matter(
    acting: Acting, case: Case, procedure_id: str, named: Mapping[str, Sequence[str]], stated: Mapping[str, Any]
) -> None:
    """Ask the referral room to open a matter; what its procedure would refuse is refused here, before anything is."""
    wanted = Wanted(procedure_id, named, stated)
    acting.matters.append(asking.matter(acting.session, case, wanted, by=acting.by, now=acting.now))
