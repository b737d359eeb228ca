"""The dossier of a subject: everything its reader may see, as one signed bag."""
