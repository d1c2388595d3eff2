"""One device on one link: what it wants is carried out, what happens to it is told, its faults befall it."""
