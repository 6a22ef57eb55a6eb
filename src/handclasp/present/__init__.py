"""Values to text: console, JSON, Markdown. Never prints."""
