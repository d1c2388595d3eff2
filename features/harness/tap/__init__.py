"""A proxy between a subject and its broker, which reads along and can disturb the line."""
