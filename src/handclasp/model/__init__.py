"""The vocabulary: frozen value types and enums, with no logic beyond validating fields."""
