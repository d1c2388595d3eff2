"""What the product costs, measured from outside: the same commands that a user runs, next to a bare peer."""
