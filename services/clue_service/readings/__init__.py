"""Minute, day and real-time data of devices (HJ 212): kept as they came, read again, never judged."""
