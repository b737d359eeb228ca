"""The dossier: writing and checking bags, receipts and checkpoints. A verifier an outsider can run alone.

This package imports the standard library, `cryptography`, and where they are wanted `rfc3161_client` and `gmssl`;
nothing else of the project. `python -m shared.dossier PATH` checks a file without a desk.
"""
