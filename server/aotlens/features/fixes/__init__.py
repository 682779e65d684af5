"""Quick fixes and refactorings, one file each."""
