// Sends this computer's webcam, or a window of it, to the room: choose, look, start, stop.
// The pictures are made and sent by a worker (sending.js), which goes on while this page is covered.

import { fetchJson } from "./server.js";
import { decimal, t } from "./texts.js";

const WIDTH = 1920; // the widest picture that the server asks for
const FPS = 15; // as many as it asks for at most, usually

const page = document.getElementById("send");
const element = (id) => document.getElementById(id);
const title = document.title;
const sendingTitle = t("Sending");
const worker = page.dataset.worker && element("video") ? new Worker(page.dataset.worker, { type: "module" }) : null;
let stream = null;
let lock = null;

function show(state, words) {
  page.dataset.state = state;
  const isOn = ["connecting", "sending", "waiting", "lost"].includes(state);
  element("said").className = `badge is-${{ sending: "live", idle: "off", preview: "off" }[state] || "dark"}`;
  if (element("said").textContent !== words) element("said").textContent = words;
  element("start").hidden = !stream || isOn || state === "taken";
  element("stop").hidden = !isOn;
  element("take-over").hidden = state !== "taken";
  document.title = state === "sending" ? `● ${sendingTitle} · Aula` : title;
  if (!isOn) lock?.release().catch(() => {});
}

const isOn = () => !element("stop").hidden;
const clock = (iso) => new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

const onWord = {
  sending: ({ fps, width, height }) =>
    show("sending", t("Sending · %(fps)s pictures a second, %(width)s × %(height)s", { fps: decimal(fps), width, height })),
  waiting: ({ paused_by: by }) =>
    show("waiting", by ? t("Paused by %(by)s: nothing is sent", { by }) : t("Connected; the server asks for no picture yet")),
  lost: () => {
    show("lost", t("The line is lost; trying again"));
    fetchJson(page.dataset.asks).catch(() => {}); // leads to sign-in where that is the reason
  },
  stopped: () => (stream ? show("preview", t("Stopped. Nothing is sent")) : show("idle", t("The picture has ended; nothing is sent"))),
  taken: ({ by, since }) => show("taken", t("%(by)s has been sending since %(since)s", { by, since: clock(since) })),
  over: ({ by }) => show("over", t("%(by)s took over; nothing is sent any more", { by })),
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
  show("connecting", t("Connecting …"));
  navigator.wakeLock?.request("screen").then((held) => (lock = held)).catch(() => {});
}

// The worker says when it has stopped: what it said before is still on its way.
function stop() {
  worker.postMessage({ type: "stop" });
}

// Shows what was chosen, and hands it to the worker: as a stream of frames where the browser can, else
// (Firefox) the worker asks for each picture.
function use(chosen) {
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
  if (!isOn()) show("preview", t("This is what would be sent. Nothing is sent yet"));
}

// The webcam was unplugged, or the browser's own "stop sharing" pressed.
function end() {
  stream = null;
  element("video").hidden = true;
  element("hint").hidden = false;
  stop();
}

async function choose(button, ask) {
  try {
    use(await ask());
    for (const each of element("choices").children) each.setAttribute("aria-pressed", each.id === button);
    element("which").hidden = !stream.getVideoTracks()[0].getSettings().deviceId || (await listDevices()) < 2;
  } catch (error) {
    if (isOn()) return;
    const words = {
      NotAllowedError: t("The browser did not allow it. Allow it beside the address, and try again"),
      NotFoundError: t("No webcam was found"),
      NotReadableError: t("Another program is using the webcam; close it and try again"),
    };
    show(stream ? "preview" : "idle", words[error.name] || `${error.name}: ${error.message}`);
  }
}

const webcam = (deviceId) => () =>
  navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { deviceId, width: { ideal: WIDTH }, height: { ideal: 1080 }, frameRate: { ideal: FPS } },
  });

const windowOrScreen = () =>
  navigator.mediaDevices.getDisplayMedia({
    audio: false,
    video: { width: { max: WIDTH }, frameRate: { max: FPS } },
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
  });

// How many webcams there are; they have names once one of them was allowed.
async function listDevices() {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const used = stream.getVideoTracks()[0].getSettings().deviceId;
  const options = found.map(({ deviceId, label }, index) => new Option(label || `${index + 1}`, deviceId, false, deviceId === used));
  element("devices").replaceChildren(...options);
  return found.length;
}

if (worker && !window.isSecureContext) {
  element("insecure").hidden = false;
} else if (worker) {
  element("choices").hidden = false;
  element("window").hidden = !navigator.mediaDevices.getDisplayMedia; // telephones can't
  element("webcam").addEventListener("click", () => choose("webcam", webcam()));
  element("window").addEventListener("click", () => choose("window", windowOrScreen));
  element("devices").addEventListener("change", ({ target }) => choose("webcam", webcam({ exact: target.value })));
  element("start").addEventListener("click", () => start(false));
  element("take-over").addEventListener("click", () => start(true));
  element("stop").addEventListener("click", stop);
  worker.addEventListener("message", ({ data }) => onWord[data.type](data));
  window.addEventListener("beforeunload", (event) => isOn() && event.preventDefault());
}
