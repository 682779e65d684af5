"""Maps that are kept on disk from one session to the next."""
