"""What comes in from instruments and tables, brought into one shape."""
