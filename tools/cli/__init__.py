"""The command line: options, sentences and tables. What it does is done by its neighbours."""
