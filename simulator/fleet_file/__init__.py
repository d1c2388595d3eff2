"""The fleet file: YAML to a plan, everything wrong with it at once, and its schema for editors."""
