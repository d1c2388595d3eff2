"""Tapes: a floor's traffic as a file of lines, made in virtual time or recorded, to be replayed or cloned."""
