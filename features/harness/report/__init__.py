"""What people and machines read of a run: a page, JUnit, a summary in Markdown. All made from its record."""
