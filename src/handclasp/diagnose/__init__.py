"""Evidence to findings to remedies; rules/ holds one small file per rule."""
