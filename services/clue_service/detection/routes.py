"""Running the rules over HTTP."""

from fastapi import APIRouter

from services.clue_service.access import require
from services.clue_service.detection.models import Detect, DetectionView
from services.clue_service.detection.running import Window, detect, detect_in_books, rules
from services.clue_service.outlets import queries
from shared.errors import BodyInvalid, Text
from shared.web.deps import PrincipalDep, RoomDep

router = APIRouter(prefix="/v1/detections", tags=["detection"])


@router.post("")
def run_detection(body: Detect, room: RoomDep, by: PrincipalDep) -> DetectionView:
    """Run the rules over the series of your outlets; each hit becomes a clue with its evidence, or joins one.

    Repeating a run makes nothing twice.
    """
    require(by, "detect")
    chosen = rules(room, body.rules)
    if missing := sorted(set(body.rules or ()) - {rule.id for rule in chosen}):
        named = ", ".join(missing)
        words = Text(f"没有规则 {named}", f"There is no rule {named}")
        raise BodyInvalid(words, errors=[{"field": "rules", "code": "unknown_rule", "message": words}])
    with room.reading() as session:
        outlets = queries.to_judge(session, body.outlets, by=by)
    window, now = Window(body.from_at, body.to_at), room.clock()
    found = detect(room, outlets, chosen, window, by=by, now=now)
    if body.outlets is None:
        detect_in_books(room, by.agency, chosen, window, found, by=by, now=now)
    return DetectionView(
        outlets=found.outlets,
        hits=found.hits,
        clues=list(found.clues),
        created=found.created,
        merged=found.merged,
        known=found.known,
        shadow=found.shadow,
        suppressed=found.suppressed,
        not_evaluable=found.not_evaluable,
    )
