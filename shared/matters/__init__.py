"""Matters between agencies that are data alone: opened by one command, moved by one, in whichever room keeps them."""
