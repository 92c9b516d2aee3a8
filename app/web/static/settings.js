// "Try this camera": the server takes one picture with what is filled in, and nothing is saved.

import { post } from "./server.js";
import { t } from "./texts.js";

const form = document.getElementById("room");
const button = document.getElementById("try");
const picture = document.getElementById("tried");
const said = document.getElementById("tried-said");

function show({ works, detail, picture: source }) {
  picture.hidden = !source;
  document.getElementById("tried-hint").hidden = Boolean(source);
  if (source) picture.src = source;
  said.className = works ? "works" : "wrong";
  said.textContent = detail;
}

// This computer's own webcam: the browser shows what it sees, and the server is not asked.
async function tryWebcam() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  for (const track of stream.getTracks()) track.stop();
  const detail = t("This computer's webcam works. Nothing was sent.");
  show({ works: true, detail, picture: canvas.toDataURL("image/jpeg") });
}

async function tryThisComputer() {
  if (!window.isSecureContext) {
    show({ works: false, detail: t("A browser gives its camera to a page only over HTTPS, or on the server's own machine.") });
    return;
  }
  await tryWebcam().catch((error) => {
    const detail = t("This computer's webcam can't be used (%(error)s). A window can still be shared.", { error: error.name });
    show({ works: false, detail });
  });
}

async function tryCamera() {
  if (form.elements.kind.value === "browser") return tryThisComputer();
  button.setAttribute("aria-busy", "true");
  said.textContent = "";
  try {
    const answer = await post(document.getElementById("trial").dataset.url, new FormData(form));
    show(await answer.json());
  } catch {
    show({ works: false, detail: t("The server does not answer. Try again.") });
  }
  button.removeAttribute("aria-busy");
}

// Filling in a camera chooses its kind.
function chooseKindOf(name, kind) {
  const field = form.elements[name];
  if (field) field.addEventListener("input", () => (form.elements.kind.value = kind));
}

chooseKindOf("device", "device");
chooseKindOf("address", "network");
// typed before this script ran
if (form.elements.address.value) form.elements.kind.value = "network";
if (!button.closest("fieldset").disabled) {
  button.hidden = false;
  button.addEventListener("click", tryCamera);
}
