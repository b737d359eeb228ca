"""Real data the project carries for demonstration and tests, with source and licence (see README.md)."""
