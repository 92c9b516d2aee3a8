// What is unusual against this lecture's own average: few words, and it can be turned off.

import { fetchJson } from "./server.js";

const KEY = "unusual";
const list = document.getElementById("unusual");
const choice = document.getElementById("unusual-on");

function inWords({ emotion, times, minutes }) {
  const much = times === null ? "not seen before in this lecture, now" : times >= 10 ? "over 10× this lecture's average" : `${times.toFixed(times < 3 ? 1 : 0)}× this lecture's average`;
  return `${emotion} ${much} for ${minutes}\u00a0min`;
}

function show(found) {
  const lines = found.map(inWords);
  if ([...list.children].map((line) => line.textContent).join() === lines.join()) return; // a screen reader would say it again
  list.replaceChildren(
    ...lines.map((words) => {
      const line = document.createElement("li");
      line.textContent = words;
      return line;
    }),
  );
}

export async function showUnusual() {
  if (!list || !choice.checked) return;
  show((await fetchJson(list.dataset.url)).unusual);
}

if (choice) {
  choice.checked = localStorage.getItem(KEY) !== "off";
  choice.addEventListener("change", () => {
    localStorage.setItem(KEY, choice.checked ? "on" : "off");
    show([]);
    showUnusual().catch(() => {});
  });
}
