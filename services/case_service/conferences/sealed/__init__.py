"""Conferences with agencies that are reached by sealed file alone."""
