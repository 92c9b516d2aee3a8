"""What is kept: users, rooms, lectures, notes and minutes. Never a picture, a crop or a track."""
