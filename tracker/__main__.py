"""`python -m tracker` is the same as the command `tracker`, and where the single binary begins."""

from multiprocessing import freeze_support

if __name__ == "__main__":
    # The binary's own processes begin here, too; they go their way before anything is imported.
    freeze_support()
    from tracker.cli import main

    main()
