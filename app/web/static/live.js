// Keeps the live page alive: the class's figures, the last minutes, the lecture, full screen.

import { showHistory } from "./history.js";
import "./notes.js";
import { followControls, showControls } from "./controls.js";
import { showState } from "./picture.js";
import { fetchJson, keepDoing } from "./server.js";
import { t } from "./texts.js";
import { showUnusual } from "./unusual.js";

const EVERY = 1000; // milliseconds between two looks at the figures
const EVERY_HISTORY = 10000; // the open minute is written so often
const page = document.getElementById("live");
const list = document.getElementById("shares");
const remark = document.getElementById("remark");
const clock = document.getElementById("clock");
const start = document.getElementById("start");
let leaving = false; // a form was sent, and its answer leads on

function showShares(now, state) {
  const known = now && now.shares;
  document.getElementById("faces").textContent = now ? now.faces : "–";
  document.getElementById("faces-word").textContent = now && now.faces === 1 ? t("face") : t("faces");
  for (const row of list.children) {
    const name = row.dataset.emotion;
    const share = known ? (name === "uncertain" ? now.uncertain : now.shares[name]) : 0;
    row.querySelector(".bar").style.width = `${share * 100}%`;
    row.querySelector(".value").textContent = known ? `${Math.round(share * 100)} %` : "–";
  }
  const words = remarkOn(now, state);
  if (remark.textContent !== words) remark.textContent = words;
}

function remarkOn(now, state) {
  if (state && state.paused) return t("Paused: nothing is read or recorded.");
  if (!now) return t("No reading: the camera is dark.");
  if (now.suppressed) return t("Too few faces: no shares are shown, to protect the people in view.");
  if (now.faces === 0) return t("Nobody in view.");
  const unread = now.faces - now.scored;
  if (unread) return t("%(unread)s of %(all)s faces can't be read: too small, or turned away.", { unread, all: now.faces });
  return "\u00a0";
}

function showClock() {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - Number(clock.dataset.since)));
  const two = (number) => String(number).padStart(2, "0");
  clock.textContent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

// Somebody else started or ended the lecture: show it, unless a title is being typed here.
function followLecture(lecture) {
  const typing = document.activeElement && document.activeElement.matches("input");
  if (String(lecture ? lecture.id : "") !== page.dataset.lecture && !typing && !leaving) location.reload();
}

async function look() {
  try {
    const [state, now] = await Promise.all([fetchJson(page.dataset.state), fetchJson(page.dataset.now)]);
    showState(state);
    showControls(state);
    showShares(now, state);
    followLecture(state.lecture);
  } catch {
    showState(null);
    showShares(null, null);
  }
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
document.addEventListener("submit", (event) => (leaving ||= !event.defaultPrevented));
offerFullScreen();
followControls(look);
keepDoing(look, EVERY);
keepDoing(() => showUnusual().catch(() => {}), EVERY_HISTORY);
keepDoing(() => showHistory(page.dataset.minutes, page.dataset.room).catch(() => {}), EVERY_HISTORY);
