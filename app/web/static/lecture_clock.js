// How long the lecture has been running, every second.

import { setText } from "./changes.js";

const clock = document.getElementById("clock");

function showClock() {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - Number(clock.dataset.since)));
  const twoDigits = (number) => String(number).padStart(2, "0");
  setText(clock, `${Math.floor(seconds / 3600)}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`);
}

if (clock) {
  showClock();
  setInterval(showClock, 1000);
}
