// One-key notes: N opens the line, Enter keeps the note at this moment of the lecture, Escape leaves the line.

import { post } from "./server.js";
import { t } from "./texts.js";

const form = document.getElementById("note");

function say(words) {
  document.getElementById("note-said").textContent = words;
}

async function keep(field) {
  const text = field.value.trim();
  if (!text) return;
  try {
    const answer = await post(form.dataset.url, JSON.stringify({ text }), { "Content-Type": "application/json" });
    if (answer.status === 404) return say(t("Not kept: this lecture is gone."));
    if (!answer.ok) return say(t("Not kept: the lecture has ended, or has too many notes already."));
  } catch {
    return say(t("Not kept: the server does not answer. Try again."));
  }
  say(t("Kept: “%(note)s”", { note: text }));
  field.value = "";
  field.blur();
}

if (form) {
  const field = form.elements.text;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(field);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === field) field.blur();
    const typing = event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key.toLowerCase() !== "n" || typing) return;
    event.preventDefault();
    field.focus();
  });
}
