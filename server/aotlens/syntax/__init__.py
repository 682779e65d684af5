"""What the source says, without importing anything."""
