"""Sealed files: the steps of a subject carried between two desks that have no connection."""
