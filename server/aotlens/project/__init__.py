"""The targets of files and folders, traced without an editor, and their findings."""
