"""The referral room: cases handed to another authority, its receipts, requests and decisions."""
