"""JSON-RPC and the language server protocol, to the letter: exactly one reply to each request, and plain errors."""
