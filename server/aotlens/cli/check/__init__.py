"""`aotlens check`: the findings of files and folders, in the formats of linters."""
