"""The resource: inspections."""
