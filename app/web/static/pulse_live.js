// The live page of a room without a camera: what students say, and the lecture.

import { follow } from "./events.js";
import "./lecture_clock.js";
import "./note_form.js";
import { showPulse } from "./pulse_panel.js";
import "./start_form.js";

const page = document.getElementById("live");
let isLeaving = false; // a form was sent; its answer leads to another page

// Reloads the page if the lecture began or ended elsewhere, unless something is being typed here.
function followLecture(lecture) {
  const typing = document.activeElement?.matches("input");
  if (String(lecture ? lecture.id : "") !== page.dataset.lecture && !typing && !isLeaving) location.replace(page.dataset.page);
}

function followPurpose({ purpose }) {
  if (purpose !== page.dataset.purpose && !isLeaving) location.replace(page.dataset.page);
}

document.addEventListener("submit", (event) => (isLeaving ||= !event.defaultPrevented));
follow(page.dataset.events, { lecture: followLecture, pulse: showPulse, state: followPurpose }, () => {});
