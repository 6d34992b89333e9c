"""What runs in the process that reads a workbook: nothing here imports more than the library and Python's own."""
