"""Runs first in the binary, before anything of the product is imported."""

import os
import sys

import pysqlite3
from pysqlite3 import dbapi2

# Whoever asks for Python's sqlite3 gets the SQLite that the binary brings. sqlite-utils imports
# both; the one that Python links is older, and need not be inside.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = dbapi2

# The libraries inside are for this program alone: one of the machine's own that it starts
# must find the machine's.
before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if before is not None:
    os.environ["LD_LIBRARY_PATH"] = before
