"""The console's addresses, in the order in which they are looked up."""

from fastapi import APIRouter

from gateway.console.routes import (
    boards,
    calendar,
    complaints,
    conferences,
    door_codes,
    drills,
    evidence,
    figures,
    law,
    noticing,
    rule_packs,
    rules,
    signing,
    subjects,
    timeliness,
    van_runs,
)

ROUTERS: tuple[APIRouter, ...] = (
    signing.router,
    door_codes.router,
    complaints.router,
    boards.router,
    conferences.router,
    noticing.router,
    law.router,
    timeliness.router,
    figures.router,
    van_runs.router,
    drills.router,
    rules.router,
    rule_packs.router,
    calendar.router,
    evidence.router,
    subjects.router,
)
