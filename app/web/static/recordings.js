// Sends recordings in pieces, and shows how far each is. After a lost connection a file is sent on from where the
// server has it; after a reload of the page, once the same file is chosen again.

import { poll, post } from "./requests.js";
import { t } from "./translations.js";

const PIECE_BYTES = 2 ** 20;
const RETRY_MILLISECONDS = 2000;
const POLL_MILLISECONDS = 2000;
const MOVING = ["uploading", "waiting", "reading"];

const list = document.getElementById("recordings");
const form = document.getElementById("add-recording");
const token = document.querySelector("meta[name=csrf-token]").content;
const sending = new Map(); // the bytes that were sent of each recording that this page sends, by its id
let shown = list.innerHTML;

class SignedOut extends Error {}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function showProblem(id, text) {
  const place = document.getElementById(id);
  if (!place) return;
  place.hidden = !text;
  place.textContent = text;
}

async function detailOf(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return t("The server does not answer as it should.");
  }
}

// Shows each error at its field, and below the form what is of no field.
function showErrors({ detail = "", errors = {} }) {
  form.querySelectorAll("small.wrong").forEach((each) => each.remove());
  for (const field of form.querySelectorAll("input, select")) {
    const error = field.type === "file" ? (errors.file_name ?? errors.file_bytes) : errors[field.name];
    field.removeAttribute("aria-invalid");
    if (!error || !field.offsetParent) continue; // that of a field nobody sees is said below the form
    const id = `${field.id}-error`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", id);
    field.after(Object.assign(document.createElement("small"), { id, className: "wrong", textContent: error }));
  }
  showProblem("recording-problem", form.querySelector("small.wrong") ? "" : detail);
  form.querySelector("[aria-invalid]")?.focus();
}

// The number of bytes that the server has, or null if the recording is gone.
async function offsetOf(url) {
  const answer = await fetch(url, { method: "HEAD" });
  if (answer.status === 404) return null;
  if (answer.status === 401) throw new SignedOut();
  if (!answer.ok) throw new Error(answer.status);
  return Number(answer.headers.get("Upload-Offset"));
}

function sendPiece(url, file, offset) {
  const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset, "Tus-Resumable": "1.0.0", "X-CSRFToken": token };
  return fetch(url, { method: "PATCH", headers, body: file.slice(offset, offset + PIECE_BYTES) });
}

async function send(id, url, file) {
  if (sending.has(id)) return;
  let offset = 0;
  let note = "";
  const show = () => showSent(id, offset, file.size, note);
  sending.set(id, show);
  try {
    while (true) {
      try {
        offset = await offsetOf(url);
        while (offset !== null && offset < file.size) {
          show();
          const answer = await sendPiece(url, file, offset);
          if (answer.status === 404 || answer.status === 410) return;
          if (answer.status === 400 || answer.status === 401) throw new SignedOut();
          if (!answer.ok) {
            note = answer.status === 409 ? "" : await detailOf(answer);
            break;
          }
          note = "";
          offset = Number(answer.headers.get("Upload-Offset"));
        }
        if (offset === null || offset >= file.size) return;
      } catch (error) {
        if (error instanceof SignedOut) return showProblem("recordings-problem", t("You are signed out. Sign in, and choose the file again."));
        note = t("The connection is lost. Sending goes on as soon as it is back.");
      }
      show();
      await wait(RETRY_MILLISECONDS);
    }
  } finally {
    sending.delete(id);
    await refresh();
  }
}

function showSent(id, offset, size, note) {
  const row = list.querySelector(`[data-id="${id}"][data-state=uploading]`);
  if (!row) return;
  row.querySelector("progress").value = offset;
  row.querySelector(".status").textContent = `${t("%(sent)s of %(all)s MB sent.", { sent: Math.floor(offset / 1e6), all: Math.ceil(size / 1e6) })} ${note}`;
  row.querySelector(".resume").hidden = true;
}

async function refresh() {
  let text;
  try {
    const answer = await fetch(list.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    text = await answer.text();
  } catch {
    return; // the next poll may succeed
  }
  const isTyping = list.contains(document.activeElement) && document.activeElement.matches("input");
  if (text !== shown && !isTyping) {
    shown = text;
    list.innerHTML = text;
  }
  for (const show of sending.values()) show();
}

// One at a time: a moving recording changes, a finished one doesn't.
poll(async () => {
  if (MOVING.some((state) => list.querySelector(`[data-state=${state}]`))) await refresh();
}, POLL_MILLISECONDS);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = document.getElementById("recording-file").files;
  if (!file) return showErrors({ errors: { file_name: t("Choose a file.") } });
  const body = new FormData(form);
  body.append("file_name", file.name);
  body.append("file_bytes", file.size);
  let answer;
  try {
    answer = await post(form.action, new URLSearchParams(body));
  } catch {
    return showProblem("recording-problem", t("The server does not answer. Try again."));
  }
  if (!answer.ok) return showErrors(await answer.json().catch(() => ({ detail: t("The server does not answer as it should.") })));
  showErrors({});
  const { id } = await answer.json();
  form.reset();
  form.closest("details").open = false;
  await refresh();
  send(id, answer.headers.get("Location"), file);
});

list.addEventListener("change", (event) => {
  const row = event.target.closest("[data-state=uploading]");
  if (!row || event.target.type !== "file" || !event.target.files.length) return;
  const [file] = event.target.files;
  if (file.name !== row.dataset.name || file.size !== Number(row.dataset.bytes)) {
    return showProblem("recordings-problem", t("This is another file: choose %(name)s again.", { name: row.dataset.name }));
  }
  showProblem("recordings-problem", "");
  event.target.blur();
  send(Number(row.dataset.id), row.dataset.url, file);
});

// Without leaving the page, which may be sending another file.
list.addEventListener("submit", async (event) => {
  event.preventDefault();
  document.activeElement.blur();
  const answer = await post(event.target.action, new URLSearchParams(new FormData(event.target)));
  showProblem("recordings-problem", answer.ok ? "" : await detailOf(answer));
  if (answer.ok) await refresh();
});

window.addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});
