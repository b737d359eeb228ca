"""Official documents: a kind of the law's catalogue and what it states, printed as PDF and DOCX by templates."""
