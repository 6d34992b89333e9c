"""The types of files that are read, by the ends of their names. Alone, because importing it costs nothing."""

SUFFIXES = (".csv", ".xlsx", ".tsv", ".xls", ".txt", ".xlsm", ".csv.gz", ".tsv.gz", ".txt.gz")
