// Keeps the live page up to date: the figures of the class, the last minutes, the lecture; and full screen.

import { follow } from "./events.js";
import { showHistory } from "./history_chart.js";
import "./note_form.js";
import { sendControls, showControls } from "./room_controls.js";
import { showState } from "./live_stream.js";
import { showPulse } from "./pulse_panel.js";
import { poll } from "./requests.js";
import { t } from "./translations.js";
import { showUnusual } from "./unusual_expressions.js";

const POLL_MINUTES_MS = 10000; // a minute is shown at most so long after its end
const page = document.getElementById("live");
const isPresence = page.dataset.purpose === "presence";
const list = document.getElementById("shares");
const remark = document.getElementById("remark");
const clock = document.getElementById("clock");
const start = document.getElementById("start");
let newest = { state: null, now: null };
let sharesAt = null; // the moment of the shares that are shown
let sharesSince = 0; // how long the page has shown them, by its own clock
let isLeaving = false; // a form was sent; its answer leads to another page

// How many are turned to the front, if the detector can tell.
function showFacing(now) {
  const canTell = now && now.facing !== null;
  list.hidden = !canTell;
  if (!canTell) return;
  list.querySelector(".bar").style.width = `${now.facing * 100}%`;
  list.querySelector(".value").textContent = `${Math.round(now.facing * 100)} %`;
}

function showShares(now, state) {
  const hasShares = now && now.shares;
  document.getElementById("faces").textContent = now ? now.faces : "–";
  document.getElementById("faces-word").textContent = now && now.faces === 1 ? t("face") : t("faces");
  for (const row of list.children) {
    const name = row.dataset.emotion;
    const share = hasShares ? (name === "uncertain" ? now.uncertain : now.shares[name]) : 0;
    row.querySelector(".bar").style.width = `${share * 100}%`;
    row.querySelector(".value").textContent = hasShares ? `${Math.round(share * 100)} %` : "–";
  }
  if (isPresence) showFacing(now);
  const text = remarkOn(now, state);
  if (remark.textContent !== text) remark.textContent = text;
}

// Whether the same shares have been shown for 10 s: the server holds new ones back.
function areSharesHeld({ at }) {
  if (at !== sharesAt) [sharesAt, sharesSince] = [at, performance.now()];
  return performance.now() - sharesSince > 10000;
}

function remarkOn(now, state) {
  if (state && state.paused) return t("Paused: nothing is analysed or recorded.");
  if (state && state.camera.reason === "outside_timetable") return "\u00a0"; // the badge says it
  if (!now) return t("No reading: the camera is dark.");
  if (isPresence) return now.faces ? t("Faces are counted. No expression is read.") : t("Nobody in view.");
  if (now.suppressed) return t("Too few faces: no shares are shown, to protect the people in view.");
  if (now.faces === 0) return t("Nobody in view.");
  if (areSharesHeld(now)) return t("New shares are shown once enough faces have changed, to protect the people in view.");
  const unread = now.faces - now.scored;
  if (unread) return t("%(unread)s of %(all)s faces can't be read: too small or turned away.", { unread, all: now.faces });
  return "\u00a0";
}

function showClock() {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - Number(clock.dataset.since)));
  const twoDigits = (number) => String(number).padStart(2, "0");
  clock.textContent = `${Math.floor(seconds / 3600)}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
}

// Reloads the page if somebody else started or ended the lecture, unless a title is being typed here.
function followLecture(lecture) {
  const typing = document.activeElement && document.activeElement.matches("input");
  if (String(lecture ? lecture.id : "") !== page.dataset.lecture && !typing && !isLeaving) location.reload();
}

function update(news) {
  Object.assign(newest, news);
  const { state, now } = newest;
  if (!state) return;
  showState(state);
  showControls(state);
  showShares(now, state);
  followLecture(state.lecture);
  if (state.purpose !== page.dataset.purpose && !isLeaving) location.reload();
}

function loseServer() {
  newest = { state: null, now: null };
  showState(null);
  showShares(null, null);
}

function rememberLecture() {
  const fields = [start.elements.title, start.elements.course];
  for (const field of fields) field.value ||= localStorage.getItem(`lecture.${field.name}`) || "";
  start.addEventListener("submit", () => {
    for (const field of fields) localStorage.setItem(`lecture.${field.name}`, field.value.trim());
  });
}

function offerFullScreen() {
  const button = document.getElementById("full");
  const picture = document.getElementById("picture");
  if (!document.fullscreenEnabled) return;
  const change = () => (document.fullscreenElement ? document.exitFullscreen() : picture.requestFullscreen());
  button.hidden = false;
  button.addEventListener("click", change);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key.toLowerCase() === "f" && !typing) change();
  });
}

if (clock) {
  showClock();
  setInterval(showClock, 1000);
}
if (start) rememberLecture();
document.addEventListener("submit", (event) => (isLeaving ||= !event.defaultPrevented));
offerFullScreen();
sendControls();
follow(page.dataset.events, { state: (state) => update({ state }), now: (now) => update({ now }), pulse: showPulse }, loseServer);
poll(() => showUnusual().catch(() => {}), POLL_MINUTES_MS);
if (page.dataset.minutes) poll(() => showHistory(page.dataset.minutes).catch(() => {}), POLL_MINUTES_MS);
