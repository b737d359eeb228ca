"""The resource: cases."""
