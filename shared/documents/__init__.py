"""Official documents: a kind of the law's catalogue and what it states, printed as PDF and DOCX by templates."""

from shared.documents.printing import printed, render
from shared.documents.sheet import Heading

__all__ = ["Heading", "printed", "render"]
