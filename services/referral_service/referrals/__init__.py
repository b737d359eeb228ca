"""The resource: referrals."""
