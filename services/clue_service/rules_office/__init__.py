"""The resource: rules in force, on trial and retired, what became of their clues, back-tests and packs."""
