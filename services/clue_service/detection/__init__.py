"""Rules that turn tables into hits: versioned data plus one vectorised function each."""
