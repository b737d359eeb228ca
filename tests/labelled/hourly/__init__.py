"""Outlets that report every hour: what carries the anomalies, and the anomalies of the hourly rules."""
