"""A floor of devices in one process: its plan, who they are, what can be done to them, and the command."""
