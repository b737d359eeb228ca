"""What the clue room keeps chains of: each kind of subject and its table."""

from services.clue_service.clues.models import Clue
from services.clue_service.complaints.models import Complaint
from services.clue_service.inspections.models import Inspection
from services.clue_service.self_inspections.models import SelfInspection
from services.clue_service.squads.models import SquadTask
from shared.records.db import Row

SUBJECTS: dict[str, type[Row]] = {
    "clue": Clue,
    "inspection": Inspection,
    "complaint": Complaint,
    "self_inspection": SelfInspection,
    "task": SquadTask,
}
