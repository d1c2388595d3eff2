"""Firmware versions: profiles of what they are like, and images to install."""
