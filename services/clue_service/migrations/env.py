"""Alembic's entry for the clue room."""

from services.clue_service.clues.models import Clue
from services.clue_service.detection.models import DetectionRun
from services.clue_service.intake.models import FrameCount, RejectedFrame
from services.clue_service.outlets.models import Outlet, OutletLimit
from shared.records.migrations import run_env

run_env([Clue, Outlet, OutletLimit, RejectedFrame, FrameCount, DetectionRun])
