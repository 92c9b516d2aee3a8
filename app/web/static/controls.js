// Pause for everybody and hide faces: forms that work by themselves, here without leaving the page.

import { post } from "./server.js";
import { t } from "./texts.js";

const pause = document.getElementById("pause");
const hide = document.getElementById("hide");
const use = document.getElementById("use");

// Where the camera is a browser's: the way to the page that sends, or who sends.
function showSender({ source, online, sender }) {
  use.hidden = source !== "browser";
  use.classList.toggle("is-wanted", !online && !sender);
  use.textContent = sender ? t("Sent by %(name)s", { name: sender.name }) : t("Use this computer");
}

export function showControls({ camera, paused, faces_hidden: hidden }) {
  pause.action = paused ? pause.dataset.resume : pause.dataset.pause;
  pause.querySelector("button").textContent = paused ? t("Go on") : t("Pause for everybody");
  showSender(camera);
  hide.elements.hide.value = hidden ? "off" : "on";
  hide.querySelector("button").setAttribute("aria-pressed", hidden);
}

// Sends the forms in the background, and calls `after` once the server has answered.
export function followControls(after) {
  for (const form of [pause, hide]) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await post(form.action, new FormData(form)).catch(() => {});
      after();
    });
  }
}
