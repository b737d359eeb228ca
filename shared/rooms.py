"""The rooms of the desk, and the package each lives in."""

ROOMS = {
    "clue": "services.clue_service",
    "case": "services.case_service",
    "referral": "services.referral_service",
    "gateway": "gateway",
}
