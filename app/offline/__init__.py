"""Pictures and videos from files, analysed like a camera: the command `analyse`."""
