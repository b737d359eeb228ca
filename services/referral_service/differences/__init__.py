"""The resource: what changed since a referral was sent."""
