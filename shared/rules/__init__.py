"""The law: data with dates, and the pure functions that read it."""
