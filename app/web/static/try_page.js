// Tries a picture without leaving the page: dropped, pasted, chosen, or taken with the webcam.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("try");
const file = document.getElementById("file");
const said = document.getElementById("said");
const camera = document.getElementById("camera");
const video = document.getElementById("video");
let newest = 0; // the number of the last picture: an answer to an earlier one is dropped

async function send(picture) {
  const number = ++newest;
  document.getElementById("result").replaceChildren(); // it is of another picture
  const most = Number(form.dataset.most);
  if (picture.size > most * 2 ** 20) {
    said.textContent = t("The picture is larger than %(most)s MB.", { most });
    return;
  }
  said.textContent = t("Reading the picture …");
  const body = new FormData();
  body.set("picture", picture);
  let words = t("The server can't be reached. Try again.");
  try {
    const answer = await post(location.href, body, { Accept: "text/html" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== newest) return;
    if (answer.ok) {
      show(page.getElementById("result"));
      words = "";
    } else {
      words = page.querySelector(".error > p:not(.status)")?.textContent || words;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // TypeError: no connection
  }
  if (number === newest) said.textContent = words;
}

function show(result) {
  document.getElementById("result").replaceWith(document.adoptNode(result));
  for (const why of document.querySelectorAll(".why")) why.addEventListener("toggle", () => explain(why), { once: true });
  document.getElementById("found")?.focus();
}

async function explain(why) {
  const words = why.querySelector(".map-said");
  words.textContent = t("Covering one place after the other …");
  const answer = await post(form.dataset.why, new URLSearchParams({ crop: why.dataset.crop })).catch(() => null);
  if (!answer?.ok) {
    words.textContent = t("The server gave no map. Try again in a minute.");
    return;
  }
  const { map, largest } = await answer.json();
  const picture = why.querySelector(".map");
  picture.src = `data:image/png;base64,${map}`;
  picture.hidden = false;
  const points = Math.round(largest * 100);
  words.textContent = t("The place that matters most lowers the score by %(points)s percentage points.", { points });
}

function stopCamera() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  camera.hidden = true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(file.files[0]);
});
file.addEventListener("change", () => file.files.length && send(file.files[0]));

addEventListener("paste", (event) => event.clipboardData.files.length && send(event.clipboardData.files[0]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("is-over");
});
addEventListener("dragleave", (event) => event.relatedTarget || form.classList.remove("is-over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("is-over");
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});

const webcam = document.getElementById("webcam");
webcam.hidden = !navigator.mediaDevices; // browsers offer it only over HTTPS and on the server itself
webcam.addEventListener("click", async () => {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    camera.hidden = false;
  } catch {
    said.textContent = t("The browser gives no webcam: none is there, it is in use, or you did not allow it.");
  }
});
document.getElementById("shoot").addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  stopCamera();
  canvas.toBlob((picture) => picture && send(new File([picture], "webcam.jpg")), "image/jpeg", 0.92);
});
addEventListener("pagehide", stopCamera);
