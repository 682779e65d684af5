"""Documents, and what edits do to them."""
