"""How rules are shown: every version with parameters, units and ranges, what is in force, on trial, and how precise."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session, select

from services.clue_service.access import require_bureau, scope
from services.clue_service.detection.catalogue import Rule, directions
from services.clue_service.rules_office import feedback, shadowing
from services.clue_service.rules_office.commands import ref_of
from services.clue_service.rules_office.feedback import Figures
from services.clue_service.rules_office.models import RuleProposal, RuleVersion
from services.clue_service.rules_office.registry import Rulebook, Standing, rulebook
from shared.identity import Principal
from shared.records.journal import timeline
from shared.records.room import room_of
from shared.records.views import EntryView

NOTHING = feedback.figures([])


class Named(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class DirectionView(Named):
    """The direction of work a rule belongs to."""

    id: str


class ParameterView(Named):
    """A parameter of a version: unit, range, default."""

    name: str
    unit: str
    least: float
    most: float
    default: float


class VersionView(BaseModel):
    """A version; `signed_by` is who signed the pack it came in, empty for one of our own files."""

    version: int
    name: Named
    parameters: list[ParameterView]
    exclusions: list[Named]
    legal: list[Named]
    signed_by: str


class ProposalView(BaseModel):
    """A set that runs in shadow beside the set in force; `episodes` it found at the bureaus you may see."""

    id: UUID
    rule_id: str
    version: int
    parameters: dict[str, float]
    digest: str
    state: str
    agency: str
    actor: str
    reasons: str
    proposed_at: AwareDatetime
    decided_at: AwareDatetime | None
    pack_digest: str
    episodes: int = 0
    times_seen: int = 0


class StandingView(BaseModel):
    """How a rule stands: the version, every value and the status in force, and since when it is so by decision."""

    rule_id: str
    name: Named
    owner: str
    status: str
    version: int
    values: dict[str, float]
    digest: str
    since_at: AwareDatetime | None


class RuleView(StandingView):
    """A rule with its direction, versions, open proposals, what it found in shadow, and its precision."""

    direction: DirectionView
    versions: list[VersionView]
    proposals: list[ProposalView]
    episodes_in_shadow: int
    precision: Figures


class RuleDetail(RuleView):
    """A rule with its chain: who proposed, activated, observed, retired or back-tested it, and why."""

    entries: list[EntryView]


def standing_view(found: Standing) -> StandingView:
    """Return how a rule stands."""
    rule = found.rule
    return StandingView(
        rule_id=rule.id,
        name=Named(zh=rule.name.zh, en=rule.name.en),
        owner=found.owner,
        status=rule.status.value,
        version=rule.version,
        values=rule.values(),
        digest=found.digest,
        since_at=found.since_at,
    )


def proposal_view(one: RuleProposal, totals: Mapping[str, tuple[int, int]]) -> ProposalView:
    """Return a proposal with what it found so far."""
    episodes, times = totals.get(one.digest, (0, 0))
    return ProposalView(**one.model_dump(), episodes=episodes, times_seen=times)


def listed(session: Session, *, by: Principal) -> list[RuleView]:
    """Return every rule. Raises NotYourStep for who is of no environment bureau."""
    require_bureau(by)
    book, made = rulebook(session), feedback.by_rule(session, by=by)
    signers, totals = _signers(session), _totals(session, by)
    return [
        _rule(book, one, made.get(rule_id, NOTHING), signers, totals) for rule_id, one in sorted(book.standing.items())
    ]


def detail(session: Session, rule_id: str, *, by: Principal) -> RuleDetail:
    """Return a rule with its chain. Raises NotYourStep and NotVisible."""
    require_bureau(by)
    book = rulebook(session)
    found, made = book.find(rule_id), feedback.by_rule(session, by=by).get(rule_id, NOTHING)
    shown = _rule(book, found, made, _signers(session), _totals(session, by))
    entries = [EntryView.model_validate(one) for one in timeline(session, ref_of(rule_id))]
    return RuleDetail(**dict(shown), entries=entries)


def _signers(session: Session) -> dict[tuple[str, int], str]:
    return {(one.rule_id, one.version): one.signed_by for one in session.exec(select(RuleVersion))}


def _totals(session: Session, by: Principal) -> dict[str, tuple[int, int]]:
    return shadowing.totals(session, sorted(scope(room_of(session).catalogue, by)))


def _rule(
    book: Rulebook,
    found: Standing,
    made: Figures,
    signers: Mapping[tuple[str, int], str],
    totals: Mapping[str, tuple[int, int]],
) -> RuleView:
    rule = found.rule
    direction = directions()[rule.direction]
    return RuleView(
        **dict(standing_view(found)),
        direction=DirectionView(id=direction.id, zh=direction.zh, en=direction.en),
        versions=[_version(one, signers.get((one.id, one.version), "")) for one in book.versions_of(rule.id)],
        proposals=[proposal_view(one, totals) for one in book.open_of(rule.id)],
        episodes_in_shadow=totals.get(found.digest, (0, 0))[0],
        precision=made,
    )


def _version(rule: Rule, signed_by: str) -> VersionView:
    return VersionView(
        version=rule.version,
        name=Named(zh=rule.name.zh, en=rule.name.en),
        parameters=[
            ParameterView(
                name=name, zh=one.zh, en=one.en, unit=one.unit, least=one.range[0], most=one.range[1], default=one.value
            )
            for name, one in rule.parameters.items()
        ],
        exclusions=[Named(zh=one.zh, en=one.en) for one in rule.exclusions],
        legal=[Named(zh=one.zh, en=one.en) for one in rule.legal],
        signed_by=signed_by,
    )
