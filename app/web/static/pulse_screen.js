// The wall screen's code: a new one with each lecture, and the counts where they are wanted.

import { follow } from "./events.js";
import { showCounts } from "./pulse_panel.js";

const screen = document.getElementById("pulse-screen");
const bars = document.getElementById("pulse-bars");

// Called with the data of each event `pulse`.
export function showOnScreen(pulse) {
  if (!screen) return; // the pulse is off
  if ((pulse?.code ?? "") !== screen.dataset.code) location.reload();
  if (!bars || !pulse) return;
  bars.hidden = !pulse.counts;
  showCounts(bars, pulse.counts);
}

if (screen?.dataset.events) follow(screen.dataset.events, { pulse: showOnScreen }, () => {});
