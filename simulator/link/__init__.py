"""How a device reaches its broker: links over paho on asyncio, WiFi networks, and lines that are faulty."""
