"""Figures of clues and visits, counted from the journal."""
