// Sends this computer's webcam, or one of its windows, to the room: choose, preview, start, stop.
// A worker (frame_sender.js) makes and sends the pictures; it keeps going while other windows cover this page.

import { fetchJson } from "./requests.js";
import { decimal, t } from "./translations.js";

const MAX_WIDTH = 1920; // the widest picture that the server asks for
const MAX_FPS = 15; // the server rarely asks for more

const page = document.getElementById("send");
const element = (id) => document.getElementById(id);
const title = document.title;
const sendingTitle = t("Sending");
const worker = page.dataset.worker && element("video") ? new Worker(page.dataset.worker, { type: "module" }) : null;
let stream = null;
let wakeLock = null;

function show(state, text) {
  page.dataset.state = state;
  const isActive = ["connecting", "sending", "waiting", "lost"].includes(state);
  element("said").className = `badge is-${{ sending: "live", idle: "off", preview: "off" }[state] || "dark"}`;
  if (element("said").textContent !== text) element("said").textContent = text;
  element("start").hidden = !stream || isActive || state === "taken";
  element("stop").hidden = !isActive;
  element("take-over").hidden = state !== "taken";
  document.title = state === "sending" ? `● ${sendingTitle} · Aula` : title;
  if (!isActive) wakeLock?.release().catch(() => {});
}

const isActive = () => !element("stop").hidden;
const clock = (iso) => new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

const onWorkerMessage = {
  sending: ({ fps, width, height }) =>
    show("sending", t("Sending · %(fps)s pictures a second, %(width)s × %(height)s", { fps: decimal(fps), width, height })),
  waiting: ({ paused_by: by }) =>
    show("waiting", by ? t("Paused by %(by)s. Nothing is being sent", { by }) : t("Connected. The server has not asked for a picture yet")),
  lost: () => {
    show("lost", t("Connection lost. Trying again"));
    fetchJson(page.dataset.stateUrl).catch(() => {}); // leads to sign-in if the session has ended
  },
  stopped: () => (stream ? show("preview", t("Stopped. Nothing is being sent")) : show("idle", t("The picture has ended. Nothing is being sent"))),
  taken: ({ by, since }) => show("taken", t("%(by)s has been sending since %(since)s", { by, since: clock(since) })),
  over: ({ by }) => show("over", t("%(by)s has taken over. This computer no longer sends anything", { by })),
  refused: ({ detail }) => show("refused", detail),
  grab: async () => {
    const bitmap = stream ? await createImageBitmap(element("video")).catch(() => null) : null;
    worker.postMessage({ type: "bitmap", bitmap }, bitmap ? [bitmap] : []);
  },
};

function start(takeOver) {
  const address = new URL(page.dataset.frames, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  worker.postMessage({ type: "start", address: address.href, takeOver });
  show("connecting", t("Connecting…"));
  navigator.wakeLock?.request("screen").then((lock) => (wakeLock = lock)).catch(() => {});
}

// The page shows "stopped" once the worker says so: its earlier messages may still be on their way.
function stop() {
  worker.postMessage({ type: "stop" });
}

// Previews the chosen stream and gives it to the worker: as a stream of frames if the browser can do that;
// otherwise (Firefox) the worker asks the page for each picture.
function preview(chosen) {
  for (const track of stream ? stream.getTracks() : []) track.stop();
  stream = chosen;
  const [track] = stream.getVideoTracks();
  element("video").srcObject = stream;
  element("video").hidden = false;
  element("hint").hidden = true;
  track.addEventListener("ended", () => stream === chosen && end());
  if (window.MediaStreamTrackProcessor) {
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 });
    worker.postMessage({ type: "source", readable }, [readable]);
  } else {
    worker.postMessage({ type: "source" });
  }
  if (!isActive()) show("preview", t("This is what will be sent. Nothing is being sent yet"));
}

// The webcam was unplugged, or somebody pressed "stop sharing" in the browser.
function end() {
  stream = null;
  element("video").hidden = true;
  element("hint").hidden = false;
  stop();
}

async function choose(button, request) {
  try {
    preview(await request());
    for (const each of element("choices").children) each.setAttribute("aria-pressed", each.id === button);
    element("which").hidden = !stream.getVideoTracks()[0].getSettings().deviceId || (await listDevices()) < 2;
  } catch (error) {
    if (isActive()) return;
    const explanations = {
      NotAllowedError: t("The browser blocked access. Allow it next to the address bar and try again"),
      NotFoundError: t("No webcam found"),
      NotReadableError: t("Another program is using the webcam. Close it and try again"),
    };
    show(stream ? "preview" : "idle", explanations[error.name] || `${error.name}: ${error.message}`);
  }
}

const webcam = (deviceId) => () =>
  navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { deviceId, width: { ideal: MAX_WIDTH }, height: { ideal: 1080 }, frameRate: { ideal: MAX_FPS } },
  });

const windowOrScreen = () =>
  navigator.mediaDevices.getDisplayMedia({
    audio: false,
    video: { width: { max: MAX_WIDTH }, frameRate: { max: MAX_FPS } },
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
  });

// Lists the webcams and returns how many there are. They have names once the browser has allowed one of them.
async function listDevices() {
  const webcams = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const used = stream.getVideoTracks()[0].getSettings().deviceId;
  const options = webcams.map(({ deviceId, label }, index) => new Option(label || `${index + 1}`, deviceId, false, deviceId === used));
  element("devices").replaceChildren(...options);
  return webcams.length;
}

if (worker && !window.isSecureContext) {
  element("insecure").hidden = false;
} else if (worker) {
  element("choices").hidden = false;
  element("window").hidden = !navigator.mediaDevices.getDisplayMedia; // telephones can't share windows
  element("webcam").addEventListener("click", () => choose("webcam", webcam()));
  element("window").addEventListener("click", () => choose("window", windowOrScreen));
  element("devices").addEventListener("change", ({ target }) => choose("webcam", webcam({ exact: target.value })));
  element("start").addEventListener("click", () => start(false));
  element("take-over").addEventListener("click", () => start(true));
  element("stop").addEventListener("click", stop);
  worker.addEventListener("message", ({ data }) => onWorkerMessage[data.type](data));
  window.addEventListener("beforeunload", (event) => isActive() && event.preventDefault());
}
