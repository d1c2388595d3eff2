from pytest_bdd import scenarios

from features.harness.lint import linted

scenarios(*linted(__file__))
