"""Webhook subscriptions: where a partner wants events pushed, and the keys by which it knows they are ours."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, col, select

from gateway.exchange.guard import check_address
from gateway.exchange.models import NewSubscription, Subscription, SubscriptionView
from gateway.identity import queries as identity
from gateway.identity.sealing import Seal
from shared.clock import new_id
from shared.identity import Principal
from shared.records.deliveries import Delivery, try_again
from shared.records.journal import Fact, chain
from shared.records.room import room_of
from shared.signing import PRIVATE_PREFIX, PUBLIC_PREFIX, key_bytes, new_secret

KEPT_KEYS = 2
"""The newest key and the one before it sign together, so that a partner can change over."""


def add(
    session: Session, body: NewSubscription, seal: Seal, *, by: Principal, now: datetime
) -> tuple[Subscription, str]:
    """Subscribe an address; returns the row and the key by which the partner verifies, shown once."""
    agency = body.agency or by.agency
    identity.check_governs(session, by, agency)
    check_address(body.url, is_production=room_of(session).settings.environment == "production")
    key = new_secret() if body.signature == "hmac" else _new_private()
    row = Subscription(
        id=new_id(now),
        agency=agency,
        url=body.url,
        types=json.dumps(body.types),
        keys=json.dumps([seal.close(key)]),
        created_at=now,
    )
    session.add(row)
    session.flush()
    _record(session, row, "subscription.added", {"url": body.url, "types": body.types}, by=by, now=now)
    return row, verification_key(key)


def rotate(
    session: Session, subscription_id: UUID, seal: Seal, *, by: Principal, now: datetime
) -> tuple[Subscription, str]:
    """Give a subscription a new key of the same kind; the one before signs beside it until the next rotation."""
    row = identity.administered(session, Subscription, subscription_id, by=by)
    sealed: list[str] = json.loads(row.keys)
    is_private = seal.open(sealed[0]).startswith(PRIVATE_PREFIX)
    key = _new_private() if is_private else new_secret()
    row.keys = json.dumps([seal.close(key), *sealed][:KEPT_KEYS])
    session.add(row)
    _record(session, row, "subscription.key_rotated", {}, by=by, now=now)
    return row, verification_key(key)


def end(session: Session, subscription_id: UUID, *, by: Principal, now: datetime) -> Subscription:
    """Stop pushing to an address."""
    row = identity.administered(session, Subscription, subscription_id, by=by)
    return stop(session, row, "ended", by=by, now=now)


def stop(session: Session, row: Subscription, why: str, *, by: Principal, now: datetime) -> Subscription:
    """Make a subscription inactive and say why."""
    if row.active:
        row.active, row.stopped_at, row.stopped_because = False, now, why
        session.add(row)
        _record(session, row, "subscription.stopped", {"because": why}, by=by, now=now)
    return row


def resume(session: Session, subscription_id: UUID, *, by: Principal, now: datetime) -> Subscription:
    """Push again: what had stopped goes on in its order."""
    row = identity.administered(session, Subscription, subscription_id, by=by)
    row.active, row.stopped_at, row.stopped_because = True, None, ""
    session.add(row)
    stopped = select(Delivery.id).where(Delivery.receiver == row.ref, Delivery.state == "stopped")
    again = [delivery_id for delivery_id in session.exec(stopped) if delivery_id is not None]
    for delivery_id in again:
        try_again(session, delivery_id, now=now)
    _record(session, row, "subscription.resumed", {"deliveries": len(again)}, by=by, now=now)
    return row


def page(session: Session, *, by: Principal, after: UUID | None, limit: int) -> list[Subscription]:
    """Return the subscriptions of the administered agencies, oldest first. Raises NotYourStep."""
    identity.check_administrator(by)
    agencies = identity.governed(room_of(session).catalogue.agencies, by)
    statement = select(Subscription).where(col(Subscription.agency).in_(sorted(agencies)))
    if after is not None:
        statement = statement.where(col(Subscription.id) > after)
    return list(session.exec(statement.order_by(col(Subscription.id)).limit(limit)))


def wanting(session: Session, agency: str, type_: str) -> list[Subscription]:
    """Return the agency's active subscriptions that want an event of this type."""
    statement = select(Subscription).where(Subscription.agency == agency, col(Subscription.active).is_(True))
    rows = session.exec(statement.order_by(col(Subscription.id)))
    return [row for row in rows if {"*", type_} & set(json.loads(row.types))]


def view(row: Subscription) -> SubscriptionView:
    """Return what is shown of a subscription."""
    return SubscriptionView.model_validate(row.model_dump() | {"types": json.loads(row.types)})


def signing_keys(row: Subscription, seal: Seal) -> list[str]:
    """Return the keys that sign what is pushed, newest first."""
    return [seal.open(sealed) for sealed in json.loads(row.keys)]


def verification_key(key: str) -> str:
    """Return what the partner verifies with: the shared secret itself, or the public half of a private key."""
    if not key.startswith(PRIVATE_PREFIX):
        return key
    public = Ed25519PrivateKey.from_private_bytes(key_bytes(key)[:32]).public_key().public_bytes_raw()
    return PUBLIC_PREFIX + base64.b64encode(public).decode()


def _new_private() -> str:
    return PRIVATE_PREFIX + base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _record(
    session: Session, row: Subscription, type_: str, data: dict[str, Any], *, by: Principal, now: datetime
) -> None:
    chain(session, row.ref, Fact(type_, {"agency": row.agency, **data}), journey_id=row.id, by=by, now=now)
