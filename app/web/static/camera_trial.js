// "Try this camera": the server takes one picture from the camera that is filled in. Nothing is saved.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("room-form");
const button = document.getElementById("try");
const picture = document.getElementById("trial-picture");
const result = document.getElementById("trial-result");

function show({ works, detail, picture: source }) {
  picture.hidden = !source;
  document.getElementById("trial-hint").hidden = Boolean(source);
  if (source) picture.src = source;
  result.className = works ? "works" : "wrong";
  result.textContent = detail;
}

// Shows a picture from this computer's own webcam. The server is not asked.
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
    show({ works: false, detail: t("A browser lets a page use the camera only over HTTPS or on the server itself.") });
    return;
  }
  await tryWebcam().catch((error) => {
    const detail = t("This computer's webcam can't be used (%(error)s). You can still share a window.", { error: error.name });
    show({ works: false, detail });
  });
}

async function tryCamera() {
  if (form.elements.kind.value === "browser") return tryThisComputer();
  button.setAttribute("aria-busy", "true");
  result.textContent = "";
  try {
    const answer = await post(document.getElementById("trial").dataset.url, new FormData(form));
    show(await answer.json());
  } catch {
    show({ works: false, detail: t("The server does not answer. Try again.") });
  }
  button.removeAttribute("aria-busy");
}

// Filling in a field of one kind of camera selects that kind.
function selectKindOnInput(name, kind) {
  const field = form.elements[name];
  if (field) field.addEventListener("input", () => (form.elements.kind.value = kind));
}

if (button) {
  // absent where the environment sets the camera
  selectKindOnInput("device", "device");
  selectKindOnInput("address", "network");
  if (form.elements.address.value) form.elements.kind.value = "network"; // typed before this script ran
  button.hidden = false;
  button.addEventListener("click", tryCamera);
}
