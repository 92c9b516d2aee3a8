// "Pause for everyone" and "Hide faces". The forms also work without this script; with it, the page stays.

import { setAttribute, setProperty, setText } from "./changes.js";
import { post } from "./requests.js";
import { t } from "./translations.js";

const pause = document.getElementById("pause");
const hide = document.getElementById("hide");
const sendLink = document.getElementById("use");
const status = document.getElementById("control-status");

// If the camera is a browser, shows who is sending, or the link to the page that sends.
function showSender({ source, online, sender }) {
  setProperty(sendLink, "hidden", source !== "browser");
  setProperty(sendLink, "className", online || sender ? "tool" : "tool is-wanted");
  setText(sendLink, sender ? t("Sent by %(name)s", { name: sender.name }) : t("Use this computer"));
}

export function showControls({ camera, paused, faces_hidden: hidden, stored }) {
  if (!pause) return; // somebody who may only watch
  const order = paused ? "resume" : "pause";
  setAttribute(pause, "action", pause.dataset[order]);
  for (const button of document.querySelectorAll("button[data-pause]")) setText(button, button.dataset[order]);
  showSender(camera);
  setProperty(hide.elements.hide, "value", hidden ? "off" : "on");
  setAttribute(hide.querySelector("button"), "aria-pressed", hidden);
  if (status.dataset.code === "202") status.hidden = stored;
}

// Says what the page itself doesn't show: an order that is not stored yet, or that was not carried out.
async function showAnswer(answer) {
  const code = answer ? answer.status : 503;
  status.dataset.code = code;
  if (code === 202) status.textContent = (await answer.json()).detail;
  if (code === 503) status.textContent = t("Nothing was changed: the server can't store it now.");
  if (code === 403) status.textContent = t("An administrator hid the faces under Settings; only an administrator can show them again.");
  status.hidden = ![202, 403, 503].includes(code);
}

// Sends the forms in the background; the room's events show what they did.
export function sendControls() {
  for (const form of [pause, hide].filter(Boolean)) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await post(form.action, new FormData(form)).catch(() => null);
      await showAnswer(answer);
    });
  }
}
