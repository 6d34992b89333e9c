"""The workbook `report.xlsx`."""
