"""The findings of a captured graph and their reasons, as data."""
