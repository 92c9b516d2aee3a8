// Keeps a wall screen up to date: the picture and the class, without controls.

import { showClass } from "./class_now.js";
import { follow } from "./events.js";
import { showState } from "./live_stream.js";
import { showOnScreen } from "./pulse_screen.js";

const page = document.getElementById("live");
let state = null;
let now = null;

function show() {
  if (!state) return;
  showState(state);
  showClass(now, state);
  if (state.purpose !== page.dataset.purpose) location.reload();
}

function loseServer() {
  state = now = null;
  showState(null);
  showClass(null, null);
}

const handlers = {
  state: (news) => {
    state = news;
    show();
  },
  now: (news) => {
    now = news;
    show();
  },
  pulse: showOnScreen,
};
follow(page.dataset.events, handlers, loseServer);
