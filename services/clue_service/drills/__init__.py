"""Drills (演练): squads measured on a labelled set, apart from everything real, and wiped afterwards."""
