"""One module a mechanism: what each of them adds to a bin, written once for whole arrays and for single bins."""
