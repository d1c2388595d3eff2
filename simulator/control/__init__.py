"""The control of a running fleet: a small HTTP interface, and `smib-lab ctl`, which speaks to it.

`options` is what a command line says of it, `control` what a program with a fleet starts: only that loads an
HTTP server.
"""
