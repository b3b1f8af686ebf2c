"""The page of `report`: what was selected and what was not, in figures, tables and samples."""
