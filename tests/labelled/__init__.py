"""Labelled series: anomalies of the 24 rules put into realistic and into real series, and what the rules make of them.

Nothing here imports the detection or reads its parameters: what a fraudster does, and how strongly, is written down
from the description of the act. `python -m tests.labelled` makes the tables, runs `lianqin detect` on them as a program
of its own, and says for each rule what it found, what it missed and what it cried wolf over.
"""
