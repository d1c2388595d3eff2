"""The service: what an operator reaches over HTTP, and what it says to the SMIBs over MQTT."""
