"""The rules office over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from services.clue_service.access import require_bureau
from services.clue_service.rules_office import back_testing, commands, feedback, pack_routes, views
from services.clue_service.rules_office.back_testing import BackTestView
from services.clue_service.rules_office.feedback import PrecisionView
from services.clue_service.rules_office.models import Activate, BackTest, Observe, Propose, Retire
from services.clue_service.rules_office.views import ProposalView, RuleDetail, RuleView, StandingView
from shared.web.deps import PrincipalDep, ReadDep, RoomDep, act
from shared.web.paging import Page

router = APIRouter(prefix="/v1/rules", tags=["rules"])
RulePath = Annotated[str, Path(pattern=r"^R\d{2}$", description="Rule id, such as R01")]


@router.get("")
def list_rules(session: ReadDep, by: PrincipalDep) -> Page[RuleView]:
    """List every rule: versions, parameters with units and ranges, what is in force or on trial, and precision."""
    return Page(items=views.listed(session, by=by))


@router.get("/{rule_id}")
def read_rule(rule_id: RulePath, session: ReadDep, by: PrincipalDep) -> RuleDetail:
    """Show a rule with its chain: who did what with it, and why."""
    return views.detail(session, rule_id, by=by)


@router.get("/{rule_id}/precision")
def read_precision(rule_id: RulePath, session: ReadDep, by: PrincipalDep) -> PrecisionView:
    """Show what became of a rule's clues: counts, precision with its 95 % interval; by city, industry and month."""
    require_bureau(by)
    return feedback.precision(session, rule_id, by=by)


@router.post("/{rule_id}/steps/propose", status_code=201)
def propose(rule_id: RulePath, body: Propose, room: RoomDep, by: PrincipalDep) -> ProposalView:
    """Propose a set of parameters: it runs in shadow beside the set in force and makes no clue."""
    made = act(room, lambda session, now: commands.propose(session, rule_id, body, by=by, now=now))
    return views.proposal_view(made, {})


@router.post("/{rule_id}/steps/activate")
def activate(rule_id: RulePath, body: Activate, room: RoomDep, by: PrincipalDep) -> StandingView:
    """Put a proposal in force, as another person than who proposed it, of the bureau that owns the rule."""
    return views.standing_view(
        act(room, lambda session, now: commands.activate(session, rule_id, body, by=by, now=now))
    )


@router.post("/{rule_id}/steps/retire")
def retire(rule_id: RulePath, body: Retire, room: RoomDep, by: PrincipalDep) -> StandingView:
    """Retire a rule, or withdraw one proposal."""
    return views.standing_view(act(room, lambda session, now: commands.retire(session, rule_id, body, by=by, now=now)))


@router.post("/{rule_id}/steps/observe")
def observe(rule_id: RulePath, body: Observe, room: RoomDep, by: PrincipalDep) -> StandingView:
    """Let a rule run on in shadow: it is counted and makes no clue."""
    return views.standing_view(act(room, lambda session, now: commands.observe(session, rule_id, body, by=by, now=now)))


@router.post("/{rule_id}/back-tests")
def back_test(rule_id: RulePath, body: BackTest, room: RoomDep, by: PrincipalDep) -> BackTestView:
    """Try a set on the stored series of your outlets against the set in force; no clue is made."""
    return back_testing.back_test(room, rule_id, body, by=by)


ROUTERS = (router, pack_routes.router)
