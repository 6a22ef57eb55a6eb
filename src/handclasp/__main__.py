"""`python -m handclasp`."""

import sys

from handclasp.cli import main

sys.exit(main())
