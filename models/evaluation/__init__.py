"""How right a network is, what it costs, and the plots of both."""
