// Lists the expressions that are unusual for this lecture. The teacher can switch the list off.

import { fetchJson } from "./requests.js";
import { decimal, t } from "./translations.js";

const STORAGE_KEY = "unusual";
const list = document.getElementById("unusual");
const toggle = document.getElementById("unusual-on");

function inWords({ emotion, times, minutes }) {
  const values = { expression: t(emotion), minutes: `${minutes}\u00a0min` };
  if (times === null) return t("%(expression)s for %(minutes)s, for the first time in this lecture", values);
  if (times >= 10) return t("%(expression)s over 10× this lecture's average for %(minutes)s", values);
  values.times = times < 3 ? decimal(times) : times.toFixed(0);
  return t("%(expression)s %(times)s× this lecture's average for %(minutes)s", values);
}

function show(expressions) {
  const lines = expressions.map(inWords);
  if ([...list.children].map((line) => line.textContent).join() === lines.join()) return; // a screen reader would read it again
  list.replaceChildren(
    ...lines.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }),
  );
}

export async function showUnusual() {
  if (!list || !toggle.checked) return;
  const { unusual } = await fetchJson(list.dataset.url);
  show(toggle.checked ? unusual : []); // it may have been switched off meanwhile
}

if (toggle) {
  toggle.checked = localStorage.getItem(STORAGE_KEY) !== "off";
  toggle.addEventListener("change", () => {
    localStorage.setItem(STORAGE_KEY, toggle.checked ? "on" : "off");
    show([]);
    showUnusual().catch(() => {});
  });
}
