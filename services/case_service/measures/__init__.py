"""The resource: measures taken in a case (sealing, seizure, prior registration, orders to correct)."""
