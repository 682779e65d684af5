"""The values of every expression of the user's code in one call, and the names and origins of their sizes."""
