"""Small wrong subjects, by which the harness is proven (design, section 3, rule 16).

Each is the pair with one thing wrong, named after its fault and tied to the requirement that it breaks;
the dead ones break everything. ``python -m features.liars NAME`` starts one, in the environment of the pair.
"""
