// Notes with one key: N opens the field, Enter saves the note at this moment of the lecture, Escape leaves the field.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("note");

function showStatus(text) {
  document.getElementById("note-status").textContent = text;
}

async function save(field) {
  const text = field.value.trim();
  if (!text) return;
  try {
    const answer = await post(form.dataset.url, JSON.stringify({ text }), { "Content-Type": "application/json" });
    if (answer.status === 404) return showStatus(t("Not saved: this lecture was deleted."));
    if (!answer.ok) return showStatus(t("Not saved: the lecture has ended or already has too many notes."));
  } catch {
    return showStatus(t("Not saved: the server does not answer. Try again."));
  }
  showStatus(t("Saved: “%(note)s”", { note: text }));
  field.value = "";
  field.blur();
}

if (form) {
  const field = form.elements.text;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(field);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === field) field.blur();
    const typing = event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key.toLowerCase() !== "n" || typing) return;
    event.preventDefault();
    field.focus();
  });
}
