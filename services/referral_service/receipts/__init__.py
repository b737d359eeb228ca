"""Typed receipts: submitted, delivered, accepted, refused; signed, and bound to the digest of a manifest."""
