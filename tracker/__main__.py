"""`python -m tracker` is the same as the command `tracker`, and where the single binary begins."""

import sys
from multiprocessing import freeze_support

if __name__ == "__main__":
    # The processes of the service and the binary begin here, too; they go their way before
    # anything else is imported.
    freeze_support()
    if sys.argv[1:2] == ["--engine"]:
        from projections.engine_process import begin

        begin(*sys.argv[2:])
    elif sys.argv[1:2] == ["--aside"]:
        from tracker.aside import begin as begin_aside

        begin_aside(*sys.argv[2:])
    else:
        from tracker.cli import main

        main()
