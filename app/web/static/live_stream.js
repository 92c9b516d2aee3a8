// The stream and its badge: closed while the page is hidden, opened again by itself; the badge shows the picture's age.

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

function showBadge(kind, text) {
  picture.dataset.state = kind;
  badge.className = `badge is-${kind}`;
  if (badge.textContent !== text) badge.textContent = text;
}

function describe({ camera, paused }) {
  const age = camera.picture_age_s;
  if (paused) showBadge("paused", t("paused by %(name)s", { name: paused.by }));
  else if (camera.reason === "outside_timetable") showBadge("waiting", t("no lecture is running"));
  else if (camera.reason === "no_camera") showBadge("waiting", t("no camera"));
  else if (!camera.online) showBadge("dark", t("dark · %(reason)s", { reason: camera.detail || camera.reason }));
  else if (hasFailed) showBadge("dark", t("the server refused the stream; trying again"));
  else if (age === null || (age > STALE_SECONDS && Date.now() - openedAt < SETTLE_MS)) showBadge("waiting", t("connecting"));
  else if (age > STALE_SECONDS) showBadge("stale", t("stale · %(age)s s old", { age: age.toFixed(0) }));
  else showBadge("live", t("live · %(age)s s old", { age: decimal(Math.max(age, 0)) }));
}

// Shows the state that the server gave; null if it does not answer.
export function showState(state) {
  if (state === null) {
    hasFailed = true;
    openedAt = 0;
    showBadge("dark", t("the server does not answer; trying again"));
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

if (picture.dataset.events) {
  // this page shows the picture alone: no other script follows the room
  follow(picture.dataset.events, { state: showState, pulse: showOnScreen }, () => showState(null));
}
