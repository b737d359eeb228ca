"""The resource: citizens' complaints."""
