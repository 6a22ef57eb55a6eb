"""Small protocols that the core needs from the world; adapters stand behind them, wiring joins the two."""
