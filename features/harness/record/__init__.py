"""What a run leaves behind: its record, line by line, and the ruling that follows from it."""
