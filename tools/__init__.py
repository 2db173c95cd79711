"""What operators run: `python -m tools --help`.

The Lambda packages are the domain that the tools share with the functions. They lie in
``lambda_src`` under the names they have inside the zip files, so a checkout needs that folder on
the path; this is the one place that puts it there. An installed distribution has them beside it.
"""

import sys
from pathlib import Path

_LAMBDA_SRC = Path(__file__).resolve().parent.parent / "lambda_src"
if _LAMBDA_SRC.is_dir() and str(_LAMBDA_SRC) not in sys.path:
    sys.path.insert(0, str(_LAMBDA_SRC))
