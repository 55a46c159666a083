"""Which tests run a function as Lambda does: they need its Python, and Linux."""

from tests.needs import linux, needs, python

needs_lambda = needs(python, linux)
