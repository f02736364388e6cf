"""`python -m pbx.cli`, for when the package is not installed."""

from pbx.cli import main

raise SystemExit(main())
