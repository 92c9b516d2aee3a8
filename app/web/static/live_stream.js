// The stream: it follows a small still, is closed while the page is hidden, and opened again by itself.
// Badge, stamp and cover say how the picture is.

import { setProperty, write } from "./changes.js";
import { follow } from "./events.js";
import { showOnScreen } from "./pulse_screen.js";
import { decimal, t } from "./translations.js";

const STALE_SECONDS = 2; // an older picture no longer shows the class now
const SETTLE_MS = 3000; // after opening, the newest picture may still be an earlier one
const RETRY_MS = 5000; // between attempts to open a stream that failed

const picture = document.getElementById("picture");
const stream = document.getElementById("stream");
const badge = document.getElementById("badge");
let openedAt = Date.now();
let serverStartedAt = null;
let hasFailed = false;

// A browser opens six connections to a server, and a stream holds one of them.
function openStream() {
  hasFailed = false;
  openedAt = Date.now();
  stream.src = `${stream.dataset.stream}?t=${openedAt}`;
}

function closeStream() {
  stream.removeAttribute("src");
}

// How the picture is: `kind` decides its look, `age` is that of the picture, and a cover hides a picture that isn't live.
function show(kind, text, { age = "", cover = null } = {}) {
  if (picture.dataset.state !== kind) picture.dataset.state = kind;
  setProperty(badge, "className", `badge is-${kind}`);
  write("badge-state", text);
  write("badge-age", age && `· ${age}`);
  setProperty(document.getElementById("cover"), "hidden", cover === null);
  write("cover-title", cover?.title ?? "");
  write("cover-detail", cover?.detail ?? "");
  setProperty(document.getElementById("stamp"), "hidden", kind !== "stale");
  if (kind === "stale") write("stamp", age);
}

function describe({ camera, paused, sentence }) {
  const age = camera.picture_age_s;
  const isOpening = Date.now() - openedAt < SETTLE_MS;
  const cover = (detail) => ({ cover: { title: sentence, detail } });
  if (paused) return show("paused", t("paused by %(name)s", { name: paused.by }), cover(t("Nothing is analysed, recorded or shown until somebody resumes.")));
  if (camera.reason === "outside_timetable") return show("waiting", t("no lecture is running"), cover(camera.detail));
  if (camera.reason === "no_camera") return show("waiting", t("no camera"), cover(camera.detail));
  if (camera.reason === "starting") return show("waiting", t("starting"), cover(camera.detail));
  if (!camera.online) return show("dark", t("dark · %(reason)s", { reason: camera.detail || camera.reason }), cover(camera.detail));
  if (hasFailed) return show("lost", t("the server refused the stream; trying again"), { cover: { title: t("The server refused the stream"), detail: t("This page tries again by itself.") } });
  if (age === null || (age > STALE_SECONDS && isOpening)) return show("waiting", t("connecting"));
  if (age > STALE_SECONDS) return show("stale", t("stale"), { age: t("%(age)s s old", { age: age.toFixed(0) }) });
  return show("live", t("live"), { age: age < 1 ? t("under 1 s old") : t("%(age)s s old", { age: decimal(age) }) });
}

// Shows the state that the server gave; null if it does not answer.
export function showState(state) {
  if (state === null) {
    hasFailed = true;
    openedAt = 0;
    const cover = { title: t("The server does not answer"), detail: t("This page tries again by itself.") };
    show("lost", t("the server does not answer; trying again"), { cover });
    return;
  }
  const hasRestarted = serverStartedAt !== null && serverStartedAt !== state.started_at;
  serverStartedAt = state.started_at;
  if (hasRestarted || (hasFailed && Date.now() - openedAt > RETRY_MS)) openStream();
  describe(state);
}

document.addEventListener("visibilitychange", () => (document.hidden ? closeStream() : openStream()));
window.addEventListener("online", openStream);
stream.addEventListener("error", () => {
  if (stream.hasAttribute("src")) hasFailed = true;
});
if (document.hidden) closeStream();
else if (stream.complete) openStream();
else for (const end of ["load", "error"]) stream.addEventListener(end, openAfterStill, { once: true });

function openAfterStill() {
  if (!stream.src.startsWith(new URL(stream.dataset.stream, location.href))) openStream();
}

if (picture.dataset.events) {
  // this page shows the picture alone: no other script follows the room
  follow(picture.dataset.events, { state: showState, pulse: showOnScreen }, () => showState(null));
}
