"""The schema's history, and the job that moves a database along it."""

import logging

# It announces each of its own plugins whenever it is imported.
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
