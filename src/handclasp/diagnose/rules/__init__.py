"""One file per rule: its docstring is its description, its causes are declared, a firing and a quiet case stand in tests."""
