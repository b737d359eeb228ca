"""The resource: official documents and the templates an agency may replace."""
