"""Pictures that browsers and scripts send."""
