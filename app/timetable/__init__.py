"""The timetable: when a room's lectures are planned, from weekly lines and from a subscribed calendar."""
