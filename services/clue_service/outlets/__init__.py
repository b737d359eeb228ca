"""The resource: outlets."""
