"""The operator's page in a real browser, with broker, service and virtual SMIBs behind it as programs."""
