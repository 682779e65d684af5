"""Where the examples of a target are found."""
