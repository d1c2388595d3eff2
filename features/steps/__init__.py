"""The sentences of the feature files, one module for each actor on the floor."""
