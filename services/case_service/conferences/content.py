"""What minutes say: generated from agenda, attendance, opinions and resolutions, with the conclusions as written."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.case_service.conferences import queries
from services.case_service.conferences.models import ActionItem, Attendance, Conference, Invitation, Opinion
from shared.clock import ZONE
from shared.records.room import Room, room_of

SUFFICIENCY = {"sufficient": "证据充分", "insufficient": "证据不足", "partly": "证据部分充分"}
ABSENT = {"invited": "未答复", "declined": "不参加", "delegated": "委托其他机关参加", "accepted": "未到会"}
Said = dict[str, Any]


def content(session: Session, found: Conference, number: int, conclusions: Sequence[str], *, now: datetime) -> Said:
    """Return a version of the minutes; what was said against the majority, late or from outside is marked so."""
    room = room_of(session)
    taking_part = queries.active(session, found)
    opinions = [_opinion(room, one, taking_part) for one in queries.current_opinions(session, found)]
    said: Said = {
        "type": "conference_minutes",
        "conference": found.ref,
        "number": number,
        "title": found.title,
        "convener": _agency(room, found.owner),
        "about": list(found.about),
        "starts_at": found.starts_at.isoformat(),
        "ends_at": found.ends_at.isoformat(),
        "place": found.place,
        "online": found.online,
        "chair": found.chair,
        "recorder": found.recorder,
        "is_regular": found.is_regular,
        "figures": found.figures,
        "agenda": list(found.agenda),
        "attendance": list(_attendance(session, room, found)),
        "recused": list(_recused(session, room, found)),
        "absent": list(_absent(session, room, found)),
        "opinions": opinions,
        "resolutions": list(found.resolutions),
        "conclusions": list(conclusions),
        "actions": [_action(room, one) for one in queries.rows(session, ActionItem, found)],
        "written_at": now.isoformat(),
    }
    return said | {"text": "\n".join(_lines(said))}


def _agency(room: Room, agency: str) -> Said:
    return {"agency": agency, "name": queries.name_of(room, agency)}


def _attendance(session: Session, room: Room, found: Conference) -> Iterator[Said]:
    for one in queries.rows(session, Attendance, found):
        if one.arrived_at is not None and not one.recused:
            yield _agency(room, one.agency) | {
                "person": one.name,
                "post": one.post,
                "arrived_at": one.arrived_at.isoformat(),
                "left_at": one.left_at.isoformat() if one.left_at else "",
            }


def _recused(session: Session, room: Room, found: Conference) -> Iterator[Said]:
    for invited in queries.rows(session, Invitation, found):
        if invited.state == "recused":
            yield _agency(room, invited.agency) | {"person": "", "because": invited.reason}
    for one in queries.rows(session, Attendance, found):
        if one.recused:
            yield _agency(room, one.agency) | {"person": one.name, "because": one.recused}


def _absent(session: Session, room: Room, found: Conference) -> Iterator[Said]:
    came = {one["agency"] for one in _attendance(session, room, found)}
    heard = {*came, *queries.quorum(session, found).present}
    for one in queries.rows(session, Invitation, found):
        if one.agency not in heard and one.state in ABSENT:
            yield _agency(room, one.agency) | {"answer": ABSENT[one.state], "because": one.reason}


def _opinion(room: Room, one: Opinion, taking_part: Sequence[str]) -> Said:
    """Return an opinion; what was said stays said, also where its agency was recused afterwards: marked so."""
    names = ("facts", "charge_or_matter", "sufficiency", "to_supplement", "recommendation", "is_dissent", "is_late")
    return (
        _agency(room, one.agency)
        | one.model_dump(include={"number", *names})
        | {
            "stood_aside": one.agency not in taking_part,
            "at": one.at.isoformat(),
        }
    )


def _action(room: Room, one: ActionItem) -> Said:
    return _agency(room, one.agency) | {"number": one.number, "task": one.task, "due_at": one.due_at.isoformat()}


def _lines(said: Said) -> Iterator[str]:
    yield f"{said['title']}（会商纪要第 {said['number']} 版）"
    yield f"时间：{day(said['starts_at'])}；地点：{said['place'] or said['online']}"
    yield f"召集：{said['convener']['name']}；主持：{said['chair']}；记录：{said['recorder']}"
    yield from _part("一、议程", [one["title"] for one in said["agenda"]])
    yield from _part("二、到会", [_came(one) for one in said["attendance"]])
    yield from _part("三、回避", [f"{one['name']}{one['person']}：{one['because']}" for one in said["recused"]])
    yield from _part(
        "四、未到会", [f"{one['name']}：{one['answer']} {one['because']}".strip() for one in said["absent"]]
    )
    yield from _part("五、各机关意见", [opinion_line(one) for one in said["opinions"]])
    yield from _part("六、议定事项", [one["zh"] for one in said["resolutions"]])
    yield from _part("七、结论", said["conclusions"])
    tasks = [f"{one['name']}：{one['task']}（{day(one['due_at'])}前）" for one in said["actions"]]
    yield from _part("八、任务分工", tasks)


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _came(one: Mapping[str, str]) -> str:
    left = f"，{day(one['left_at'])}离会" if one["left_at"] else ""
    return f"{one['name']} {one['person']} {one['post']}（{day(one['arrived_at'])}到会{left}）".replace("  ", " ")


def opinion_line(one: Mapping[str, Any]) -> str:
    """Return an opinion as one line; dissent, lateness and that its agency stood aside since come first."""
    known = (("【不同意见】", "is_dissent"), ("【逾期提交】", "is_late"), ("【提交后回避】", "stood_aside"))
    marks = "".join(mark for mark, name in known if one.get(name))
    supplement = f"；需补充：{one['to_supplement']}" if one["to_supplement"] else ""
    return (
        f"{marks}{one['name']}：事实：{one['facts']}；罪名或者事项：{one['charge_or_matter']}；"
        f"{SUFFICIENCY[one['sufficiency']]}{supplement}；建议：{one['recommendation']}"
    )


def day(text: str) -> str:
    """Return an instant as the minutes write it."""
    return datetime.fromisoformat(text).astimezone(ZONE).strftime("%Y年%m月%d日%H:%M")
