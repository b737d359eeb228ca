"""The resource: joint operations of several agencies, and matters linked across jurisdictions."""
