"""What carries the scenarios: processes, clients, waiting, the timeline, the catalogue and the lint."""
