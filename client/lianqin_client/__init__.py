"""The client a partner installs: signs in as a program, verifies what arrives, fetches dossiers, answers signed.

partner = Partner("https://desk.example", client_id, client_secret, signing_secret)
event = partner.verify(body, headers, verification_key)
dossier = partner.dossier(event["subject"])
partner.answer("partner.receipt", event["subject"], {...})
"""

from lianqin_client.calls import Officer, Partner, Refused
from lianqin_client.dossier import Dossier, Item

__all__ = ["Dossier", "Item", "Officer", "Partner", "Refused"]
