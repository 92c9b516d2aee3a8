"""What is kept: users, rooms, lectures and minutes. Never a picture, a crop or a track."""
