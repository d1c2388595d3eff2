"""``python -m cms`` is ``smib-cms``."""

import sys

from cms.cli import main

sys.exit(main())
