"""The floor's MQTT traffic as an onlooker sees it, decoded and without secrets."""
