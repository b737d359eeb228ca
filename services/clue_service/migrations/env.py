"""Alembic's entry for the clue room."""

from services.clue_service.clues.models import Clue
from services.clue_service.clues.suppressing import SuppressedHit, Suppression
from services.clue_service.complaints.models import Complainant, Complaint, ComplaintSeries
from services.clue_service.detection.evaluable import EvaluableOutlet
from services.clue_service.detection.models import DetectionRun
from services.clue_service.drills.models import Drill, DrillEntry
from services.clue_service.inspections.models import Inspection, InspectionPlan, LeftAlone
from services.clue_service.intake.models import FrameCount, RejectedFrame
from services.clue_service.outlets.models import Outlet, OutletLimit
from services.clue_service.rules_office.models import RuleInForce, RuleProposal, RuleVersion, ShadowHit
from services.clue_service.self_inspections.models import SelfInspection
from services.clue_service.squads.models import SquadTask
from services.clue_service.van_runs.models import VanRun
from shared.records.migrations import run_env

CLUES = (Clue, Suppression, SuppressedHit)
INTAKE = (Outlet, OutletLimit, RejectedFrame, FrameCount)
INSPECTIONS = (Inspection, InspectionPlan, LeftAlone)
SOURCES = (Complaint, Complainant, ComplaintSeries, SelfInspection, VanRun)
RULES = (DetectionRun, EvaluableOutlet, RuleInForce, RuleVersion, RuleProposal, ShadowHit)
SQUADS = (SquadTask, Drill, DrillEntry)
run_env([*CLUES, *INTAKE, *INSPECTIONS, *SOURCES, *RULES, *SQUADS])
