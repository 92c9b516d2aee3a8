// Notes with one key or one tap: N opens the field, 1 to 9 and the tags note a moment at once, for ten seconds to undo.

import { post, remove } from "./requests.js";
import { t } from "./translations.js";

const UNDO_MS = 10000;
const form = document.getElementById("note");
const undo = document.getElementById("note-undo");
let undoTimer;

function showStatus(text, undoUrl = null) {
  document.getElementById("note-status").textContent = text;
  clearTimeout(undoTimer);
  undo.hidden = undoUrl === null;
  undo.dataset.url = undoUrl;
  if (undoUrl) undoTimer = setTimeout(() => (undo.hidden = true), UNDO_MS);
}

// Saves a note for this moment; gives whether it was saved.
async function save(text) {
  if (!text) return false;
  try {
    const answer = await post(form.dataset.url, JSON.stringify({ text }), { "Content-Type": "application/json" });
    if (answer.status === 404) showStatus(t("Not saved: this lecture was deleted."));
    else if (!answer.ok) showStatus(t("Not saved: the lecture has ended or already has too many notes."));
    else showStatus(t("Saved: “%(note)s”", { note: text }), `${form.dataset.url}/${(await answer.json()).id}`);
    return answer.ok;
  } catch {
    showStatus(t("Not saved: the server does not answer. Try again."));
    return false;
  }
}

async function takeBack() {
  const answer = await remove(undo.dataset.url).catch(() => null);
  showStatus(answer?.ok ? t("The note was removed.") : t("The note could not be removed. Its report can still do that."));
}

function openField(field) {
  field.scrollIntoView({ block: "nearest" });
  field.focus();
}

if (form) {
  const field = form.elements.text;
  const tags = [...form.querySelectorAll("[data-tag]")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await save(field.value.trim()))) return;
    field.value = "";
    field.blur();
  });
  for (const tag of tags) tag.addEventListener("click", () => save(tag.dataset.tag));
  undo.addEventListener("click", takeBack);
  document.getElementById("thumb-note").addEventListener("click", () => openField(field));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === field) field.blur();
    const isTyping = event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (isTyping || event.repeat || document.querySelector("dialog[open]")) return;
    if (event.key.toLowerCase() === "n") {
      event.preventDefault();
      openField(field);
    }
    if (/^[1-9]$/.test(event.key)) tags[Number(event.key) - 1]?.click();
  });
}
