"""What names, sizes and error messages usually mean. Each file is one table; nothing here looks at a user's module."""
