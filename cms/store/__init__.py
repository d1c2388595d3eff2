"""Where the CMS keeps everything: a protocol of few verbs (`store.py`), and its engines."""
