"""How a device reaches its broker: an MQTT client for thousands, WiFi networks, and lines that are faulty."""
