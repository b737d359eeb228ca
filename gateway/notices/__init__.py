"""How a notice reaches a person: which channel, when, what if not, in which words; and the clocks as a calendar."""
