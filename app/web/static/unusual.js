// What is unusual against this lecture's own average: few words, and it can be turned off.

import { fetchJson } from "./server.js";
import { decimal, t } from "./texts.js";

const KEY = "unusual";
const list = document.getElementById("unusual");
const choice = document.getElementById("unusual-on");

function inWords({ emotion, times, minutes }) {
  const values = { expression: t(emotion), minutes: `${minutes}\u00a0min` };
  if (times === null) return t("%(expression)s not seen before in this lecture, now for %(minutes)s", values);
  if (times >= 10) return t("%(expression)s over 10× this lecture's average for %(minutes)s", values);
  values.times = times < 3 ? decimal(times) : times.toFixed(0);
  return t("%(expression)s %(times)s× this lecture's average for %(minutes)s", values);
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
  const { unusual } = await fetchJson(list.dataset.url);
  show(choice.checked ? unusual : []); // it may have been turned off meanwhile
}

if (choice) {
  choice.checked = localStorage.getItem(KEY) !== "off";
  choice.addEventListener("change", () => {
    localStorage.setItem(KEY, choice.checked ? "on" : "off");
    show([]);
    showUnusual().catch(() => {});
  });
}
