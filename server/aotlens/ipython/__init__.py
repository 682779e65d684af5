"""The IPython extension `aotlens`: `%aotlens` and `%%aotlens` show the map of a class in a notebook or a terminal."""
