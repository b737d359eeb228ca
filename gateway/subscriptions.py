"""Everything that can arrive at the gateway from the rooms."""

from gateway.exchange import taking
from shared.web.app import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    "notice.raised": taking.take_notice,
    "*": taking.pass_on,
}
