"""Squads: who is given tasks, and the tasks."""
