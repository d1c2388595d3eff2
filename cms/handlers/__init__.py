"""What the service does for a caller. Handlers know neither HTTP nor MQTT."""
