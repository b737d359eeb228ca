"""The resource: what enterprises found by themselves."""
