"""Referrals, supervisions and consultations over HTTP: what every matter between agencies has."""

from services.referral_service.proceedings import commands
from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals.doors import take_any
from services.referral_service.referrals.models import Referral, ReferralView
from shared.matters.models import BetweenView
from shared.matters.routes import Doors, matter_routes, with_reads

DOORS = Doors(commands.open_matter, take_any)

ROUTERS = (
    matter_routes(Referral, ReferralView, prefix="/v1/referrals", doors=DOORS),
    with_reads(
        matter_routes(Supervision, BetweenView, prefix="/v1/supervisions", doors=DOORS), Supervision, BetweenView
    ),
    with_reads(
        matter_routes(Consultation, BetweenView, prefix="/v1/consultations", doors=DOORS), Consultation, BetweenView
    ),
)
