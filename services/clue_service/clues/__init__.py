"""The resource: clues."""
