"""The contract between a CMS and its SMIBs: topics, messages, configuration fields and SAS frames.

Both sides import this package and neither imports the other. It stands on the standard library alone and has
no input or output of its own, no clock and no randomness: every function is a value of its arguments.
"""
