"""feedsmith on one machine: the template's resources, its functions, and the ``feedsmith`` command."""

import os

# As the template has it; read when numpy is loaded, which comes later.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
