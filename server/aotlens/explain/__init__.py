"""A descriptor, a map, a finding in words: pure functions that the editor and the command line share."""
