// "Try this camera": the server takes one picture from the camera that is filled in. Nothing is saved.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("room-form");
const button = document.getElementById("try");
const picture = document.getElementById("trial-picture");
const result = document.getElementById("trial-result");
let trial = null; // aborts the request that is under way

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

// Asks the server, and says how long that takes. The button cancels meanwhile, and the last camera's picture is gone.
async function tryCamera() {
  if (trial) return trial.abort();
  show({ detail: "" });
  if (form.elements.kind.value === "browser") return tryThisComputer();
  trial = new AbortController();
  const label = button.textContent;
  button.textContent = t("Cancel");
  const startedAt = Date.now();
  const sayHowLong = () => (result.textContent = t("Opening the camera: %(seconds)s s", { seconds: Math.round((Date.now() - startedAt) / 1000) }));
  result.className = "quiet";
  sayHowLong();
  const timer = setInterval(sayHowLong, 1000);
  try {
    const { url } = document.getElementById("trial").dataset;
    show(await (await post(url, new FormData(form), {}, trial.signal)).json());
  } catch {
    show({ works: false, detail: trial.signal.aborted ? t("Cancelled.") : t("The server does not answer. Try again.") });
  }
  clearInterval(timer);
  button.textContent = label;
  trial = null;
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
