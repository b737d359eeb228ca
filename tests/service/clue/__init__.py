"""The clue room through its HTTP door."""
