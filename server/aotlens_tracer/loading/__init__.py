"""The user's source: importing a file, its unsaved text, the classes and functions that it defines."""
