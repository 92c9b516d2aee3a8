// Keeps the live page up to date: the class, the last minutes, the lecture; and full screen.

import { setProperty } from "./changes.js";
import { showClass } from "./class_now.js";
import { follow } from "./events.js";
import "./help.js";
import { showHistory } from "./history_chart.js";
import "./lecture_clock.js";
import { showState } from "./live_stream.js";
import "./note_form.js";
import { showPulse } from "./pulse_panel.js";
import { poll } from "./requests.js";
import { sendControls, showControls } from "./room_controls.js";
import "./start_form.js";
import { showUnusual } from "./unusual_expressions.js";

const POLL_MINUTES_MS = 10000; // a minute is shown at most so long after its end
const page = document.getElementById("live");
let newest = { state: null, now: null };
let isLeaving = false; // a form was sent; its answer leads to another page

// Opens the page again if somebody else started or ended the lecture, unless somebody is typing here.
function followLecture(lecture) {
  const isTyping = document.activeElement && document.activeElement.matches("input");
  if (isTyping || isLeaving) return;
  if (String(lecture ? lecture.id : "") !== page.dataset.lecture) location.replace(page.dataset.page);
}

function update(news) {
  Object.assign(newest, news);
  const { state, now } = newest;
  if (!state) return;
  showState(state);
  showClass(now, state);
  showControls(state);
  showAdvice(state.advice);
  followLecture(state.lecture);
  if (state.purpose !== page.dataset.purpose && !isLeaving) location.replace(page.dataset.page);
}

function showAdvice(advice) {
  for (const form of document.querySelectorAll("[data-advice]")) setProperty(form, "hidden", form.dataset.advice !== advice);
}

function loseServer() {
  newest = { state: null, now: null };
  showState(null);
  showClass(null, null);
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

document.addEventListener("submit", (event) => (isLeaving ||= !event.defaultPrevented));
offerFullScreen();
sendControls();
follow(page.dataset.events, { state: (state) => update({ state }), now: (now) => update({ now }), pulse: showPulse }, loseServer);
poll(() => showUnusual().catch(() => {}), POLL_MINUTES_MS);
if (page.dataset.minutes) poll(() => showHistory(page.dataset.minutes).catch(() => {}), POLL_MINUTES_MS);
