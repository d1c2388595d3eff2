"""HTTP: each route parses a request, calls one handler and spells its answer."""
