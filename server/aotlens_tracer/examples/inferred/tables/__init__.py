"""Tables of what names, sizes and error messages usually mean. Nothing here looks at a user's module."""
