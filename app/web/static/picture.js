// The stream and its badge: lets go while nobody looks, comes back by itself, says how old the picture is.

import { fetchJson, keepDoing } from "./server.js";
import { decimal, t } from "./texts.js";

const STALE = 2; // seconds; an older picture is no longer the class now
const SETTLE = 3000; // milliseconds after opening, in which the newest picture may be one from before
const RETRY = 5000; // milliseconds between two tries of a stream that was refused

const picture = document.getElementById("picture");
const stream = document.getElementById("stream");
const badge = document.getElementById("badge");
let openedAt = Date.now();
let startedAt = null; // of the server
let broken = false;

// A browser opens few connections to a server, and a stream holds one of them.
function openStream() {
  broken = false;
  openedAt = Date.now();
  stream.src = `${stream.dataset.stream}?t=${openedAt}`;
}

function closeStream() {
  stream.removeAttribute("src");
}

function showBadge(kind, words) {
  picture.dataset.state = kind;
  badge.className = `badge is-${kind}`;
  if (badge.textContent !== words) badge.textContent = words;
}

function describe({ camera, paused }) {
  const age = camera.picture_age_s;
  if (paused) showBadge("paused", t("paused by %(name)s", { name: paused.by }));
  else if (!camera.online) showBadge("dark", t("dark · %(reason)s", { reason: camera.detail || camera.reason }));
  else if (broken) showBadge("dark", t("the stream was refused; trying again"));
  else if (age === null || (age > STALE && Date.now() - openedAt < SETTLE)) showBadge("waiting", t("connecting"));
  else if (age > STALE) showBadge("stale", t("stale · %(age)s s old", { age: age.toFixed(0) }));
  else showBadge("live", t("live · %(age)s s old", { age: decimal(Math.max(age, 0)) }));
}

// What the server says of itself, or null where it does not answer.
export function showState(state) {
  if (state === null) {
    broken = true;
    openedAt = 0;
    showBadge("dark", t("the server does not answer; trying again"));
    return;
  }
  const restarted = startedAt !== null && startedAt !== state.started_at;
  startedAt = state.started_at;
  if (restarted || (broken && Date.now() - openedAt > RETRY)) openStream();
  describe(state);
}

document.addEventListener("visibilitychange", () => (document.hidden ? closeStream() : openStream()));
window.addEventListener("online", openStream);
stream.addEventListener("error", () => {
  if (stream.hasAttribute("src")) broken = true;
});

if (picture.dataset.asks) {
  // the picture is all there is on this page
  keepDoing(async () => showState(await fetchJson(picture.dataset.asks).catch(() => null)), 1000);
}
