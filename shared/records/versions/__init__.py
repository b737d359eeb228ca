"""The shared tables, version by version."""
