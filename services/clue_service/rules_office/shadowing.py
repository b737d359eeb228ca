"""What sets in shadow found: each episode kept once, its repeats counted; no clue is made of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.clue_service.detection.hits import Hit
from services.clue_service.rules_office.models import ShadowHit
from services.clue_service.rules_office.registry import digest_of_hit
from services.clue_service.upserting import upsert


def keep(session: Session, owner: str, hits: Sequence[Hit], *, now: datetime) -> None:
    """Keep the hits of sets in shadow on a bureau's outlets or tables."""
    rows = {
        (one.rule_id, digest, one.entity_id, one.pollutant or "", one.from_at): {
            "rule_id": one.rule_id,
            "parameters_digest": digest,
            "owner": owner,
            "entity_id": one.entity_id,
            "pollutant": one.pollutant or "",
            "observed_from": one.from_at,
            "version": one.rule_version,
            "observed_to": one.to_at,
            "severity": one.severity,
            "times": 1,
            "first_at": now,
            "last_at": now,
        }
        for one in hits
        for digest in [digest_of_hit(one)]
    }

    def again(table: Any, fresh: Mapping[str, Any]) -> Mapping[str, Any]:
        said = {name: fresh[name] for name in ("observed_to", "severity", "last_at")}
        return said | {"times": table.c.times + 1}

    upsert(session, ShadowHit, [rows[key] for key in sorted(rows)], again)


def totals(session: Session, owners: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return per digest of a set how many episodes it found at some bureaus, and how many were found more than once."""
    statement = (
        select(ShadowHit.parameters_digest, func.count(), func.sum(ShadowHit.times))
        .where(col(ShadowHit.owner).in_(owners))
        .group_by(ShadowHit.parameters_digest)
    )
    return {digest: (int(episodes), int(times)) for digest, episodes, times in session.exec(statement)}
