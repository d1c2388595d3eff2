"""What a scenario leaves behind: one timeline of what was done and seen, without a secret in it."""
