"""The clue room: signals come in, rules find clues, clues are verified and accepted into cases."""
