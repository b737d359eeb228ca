"""The case room: administrative cases from discovery to closing, and what they ask of other agencies."""
