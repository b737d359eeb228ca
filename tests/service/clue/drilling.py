"""Drills for tests: prepared, given a set, and played through the API."""

import hashlib
import io
import zipfile
from datetime import timedelta

from tests.desk import Desk, officer
from tests.journeys import OFFICER
from tests.stages import stage

CENTRE = officer("eea-320000", "duty_officer", "clue_officer")
OTHER = officer("eea-320600", "clue_officer")
OUTSIDE = officer("eea-320100", "clue_officer", "agency_head")
TEAM, NEIGHBOUR = "squad-320583", "squad-320600"
MARK = "演练/DRILL"


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def body(desk: Desk, **changes):
    """What prepares a drill that runs from now on for two days."""
    span = {"begins_at": desk.clock.now.isoformat(), "ends_at": (desk.clock.now + timedelta(days=2)).isoformat()}
    return {"name": "秋季比武", "squads": [TEAM, NEIGHBOUR]} | span | changes


def prepared(desk: Desk, **changes):
    """A drill without its set."""
    return desk.post(CENTRE, "/v1/drills", body(desk, **changes), expect=201)


def give(desk: Desk, drill, content: bytes, who=CENTRE):
    """Upload a set."""
    headers = {"content-type": "application/zip"}
    return desk.call(who, "PUT", f"/v1/drills/{drill['id']}/set", content=content, headers=headers)


_archives: dict[str, bytes] = {}


def known(archive: bytes) -> str:
    """Keep a set and return a short name for it, by which stages are told apart."""
    name = hashlib.sha256(archive).hexdigest()
    _archives[name] = archive
    return name


def running(desk: Desk, archive: bytes, **changes):
    """A drill with its set."""
    return _running(desk, known(archive), **changes)


@stage
def _running(desk: Desk, archive: str, **changes):
    answer = give(desk, prepared(desk, **changes), _archives[archive])
    assert answer.status_code == 200, answer.text
    return answer.json()


def path(drill, *more: str) -> str:
    """An address of a drill."""
    return "/".join((f"/v1/drills/{drill['id']}", *more))


def screened(desk: Desk, drill, squad=TEAM, who=OFFICER, verdict="accepted", expect=201):
    """Every hit accepted, or rejected."""
    hits = desk.get(who, path(drill, "hits"))["items"]
    verdicts = [{"hit": one["number"], "verdict": verdict, "reason": "曲线异常"} for one in hits]
    return desk.post(who, path(drill, "screenings"), {"squad": squad, "verdicts": verdicts}, expect=expect)


def verified(desk: Desk, drill, squad=TEAM, who=OFFICER, expect=201):
    """Every hit confirmed as it lies."""
    results = [
        {
            "hit": one["number"],
            "result": "confirmed",
            "findings": "现场核实",
            "observed_from": one["from_at"],
            "observed_to": one["to_at"],
        }
        for one in desk.get(who, path(drill, "hits"))["items"]
    ]
    return desk.post(who, path(drill, "verifications"), {"squad": squad, "results": results}, expect=expect)


def modelled(desk: Desk, drill, squad=TEAM, who=OFFICER, expect=201, **given):
    """A model of the rules as they are, or changed."""
    return desk.post(who, path(drill, "models"), {"squad": squad} | given, expect=expect)


def played(desk: Desk, archive: bytes):
    """A whole drill: both squads hand in, one of them everything."""
    return _played(desk, known(archive))


@stage
def _played(desk: Desk, archive: str):
    drill = _running(desk, archive)
    modelled(desk, drill)
    screened(desk, drill)
    verified(desk, drill)
    modelled(desk, drill, NEIGHBOUR, OTHER, rules=["R14"])
    return drill
