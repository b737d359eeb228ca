"""Every step of a conference: its body and the command behind it; the same for people, programs, messages and files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session

from services.case_service.conferences import answering, bodies, convening, following, meeting, minuting, resolving
from services.case_service.conferences.models import Conference
from services.case_service.conferences.resolutions import NewAction, Resolve
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records.views import Body


@dataclass(frozen=True, slots=True)
class Door:
    """The body of a step and what it does."""

    body: type[Body]
    command: Callable[..., Conference]


STEPS: Mapping[str, Door] = {
    "change": Door(bodies.Change, convening.change),
    "adjourn": Door(bodies.Why, convening.adjourn),
    "reconvene": Door(bodies.Reconvene, convening.reconvene),
    "cancel": Door(bodies.Why, convening.cancel),
    "accept": Door(bodies.Accept, answering.accept),
    "decline": Door(bodies.Because, answering.decline),
    "delegate": Door(bodies.Delegate, answering.delegate),
    "recuse": Door(bodies.Recuse, answering.recuse),
    "open": Door(bodies.OpenMeeting, meeting.open_meeting),
    "attend": Door(bodies.Attend, meeting.attend),
    "leave": Door(bodies.Leave, meeting.leave),
    "opine": Door(bodies.Opine, meeting.opine),
    "resolve": Door(Resolve, resolving.resolve),
    "write_minutes": Door(bodies.WriteMinutes, minuting.write_minutes),
    "sign_minutes": Door(bodies.SignMinutes, minuting.sign),
    "refuse_minutes": Door(bodies.RefuseMinutes, minuting.refuse),
    "add_action": Door(NewAction, following.add_action),
    "report_action": Door(bodies.Report, following.report),
    "finish_action": Door(bodies.Finish, following.finish),
    "verify_action": Door(bodies.Settle, following.verify),
    "return_action": Door(bodies.SendBack, following.send_back),
    "waive_action": Door(bodies.SendBack, following.waive),
    "close": Door(bodies.Close, following.close),
}


def take(
    session: Session, conference_id: UUID, step_id: str, stated: Mapping[str, Any], *, by: Principal, now: datetime
) -> Conference:
    """Take a step with what a message or a file states. Raises BodyInvalid for one there is not, or that misfits."""
    door = STEPS.get(step_id)
    if door is None:
        words = Text(f"会商没有步骤 {step_id}", f"A conference has no step {step_id}")
        raise BodyInvalid(words, known=sorted(STEPS))
    try:
        body = door.body.model_validate(stated)
    except ValidationError as broken:
        raise BodyInvalid(errors=[_said(item) for item in broken.errors()]) from broken
    return door.command(session, conference_id, body, by=by, now=now)


def _said(item: Mapping[str, Any]) -> dict[str, Any]:
    where = ".".join(str(part) for part in ("stated", *item["loc"]))
    return {"field": where, "code": item["type"], "message": item["msg"]}
