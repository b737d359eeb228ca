"""Subjects whose procedure is data alone: their steps need no code of their own."""
