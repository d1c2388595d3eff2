"""A floor in virtual time: the same sessions and devices, on a clock that jumps and a broker that is none."""
