"""What is judged in every scenario, whatever it is about: on its timeline, at its end."""
