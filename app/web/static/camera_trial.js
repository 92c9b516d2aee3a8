// "Try this camera": the server takes one picture from the camera that is filled in. Nothing is saved.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("room-form");
const button = document.getElementById("try");
const picture = document.getElementById("trial-picture");
const result = document.getElementById("trial-result");
const label = button?.textContent;
const GLASS_WIDTH = 24; // pixels: nobody is recognised in so few
let trial = null; // aborts the trial that is under way

function show({ works, detail, picture: source }) {
  picture.hidden = !source;
  if (source) picture.src = source;
  else picture.removeAttribute("src");
  document.getElementById("trial-hint").hidden = Boolean(source);
  result.className = works ? "works" : "wrong";
  result.textContent = detail;
}

// A picture from this computer's own webcam, as if through frosted glass if the room's faces are hidden.
async function takeWebcamPicture(hidesFaces) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const [width, height] = hidesFaces ? [GLASS_WIDTH, (GLASS_WIDTH * video.videoHeight) / video.videoWidth] : [video.videoWidth, video.videoHeight];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  for (const track of stream.getTracks()) track.stop();
  return canvas.toDataURL("image/jpeg");
}

async function tryWebcam(hidesFaces) {
  if (!window.isSecureContext) return { works: false, detail: t("A browser lets a page use the camera only over HTTPS or on the server itself.") };
  try {
    return { works: true, detail: t("This computer's webcam works. Nothing was sent."), picture: await takeWebcamPicture(hidesFaces) };
  } catch (error) {
    return { works: false, detail: t("This computer's webcam can't be used (%(error)s). You can still share a window.", { error: error.name }) };
  }
}

// Asks the server: it knows whether the room is paused, and whether its faces are hidden.
async function tryCamera(signal) {
  const { url } = document.getElementById("trial").dataset;
  const answer = await (await post(url, new FormData(form), {}, signal)).json();
  return answer.is_here ? tryWebcam(answer.hides_faces) : answer;
}

// Says how long it takes. The button cancels meanwhile, and the last camera's picture is gone.
async function run() {
  const mine = new AbortController();
  trial = mine;
  show({ detail: "" });
  button.textContent = t("Cancel");
  const startedAt = Date.now();
  const sayHowLong = () => {
    if (trial === mine) result.textContent = t("Opening the camera: %(seconds)s s", { seconds: Math.round((Date.now() - startedAt) / 1000) });
  };
  result.className = "quiet";
  sayHowLong();
  const timer = setInterval(sayHowLong, 1000);
  const answer = await tryCamera(mine.signal).catch(() => ({ works: false, detail: t("The server does not answer. Try again.") }));
  clearInterval(timer);
  if (trial !== mine) return; // cancelled: another camera may be on trial
  end(answer);
}

function end(answer) {
  trial = null;
  button.textContent = label;
  show(answer);
}

function cancel() {
  trial.abort();
  end({ works: false, detail: t("Cancelled.") });
}

// What was shown is of the camera that was filled in before.
function forget() {
  trial?.abort();
  end({ works: true, detail: "" });
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
  document.getElementById("camera-kind").addEventListener("input", forget);
  button.hidden = false;
  button.addEventListener("click", () => (trial ? cancel() : run()));
}
