"""What the gateway keeps chains of: no subject is its own, only what its journal says of people and partners."""

from shared.records.db import Row

SUBJECTS: dict[str, type[Row]] = {}
