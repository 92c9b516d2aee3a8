"""Where frames come from: sources, and the capture that owns one."""
