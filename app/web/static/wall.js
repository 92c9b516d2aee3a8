// The wall: a small picture of each room in view, one request at a time, and what is wrong first.

import { fetchJson, poll } from "./requests.js";
import { t } from "./translations.js";

const STATES_MS = 2000;
const PICTURES_MS = 1000; // from the end of one round of pictures to the next

const wall = document.getElementById("wall");
const inView = new Set();

function describe({ camera, paused, faces }) {
  if (paused) return ["paused", t("paused by %(name)s", { name: paused.by })];
  if (camera.reason === "outside_timetable") return ["waiting", t("no lecture is running")];
  if (camera.reason === "no_camera") return ["waiting", t("no camera")];
  if (!camera.online) return ["dark", t("dark"), camera.detail || camera.reason];
  if (faces === null) return ["waiting", t("connecting")];
  return ["live", faces === 1 ? t("1 face") : t("%(count)s faces", { count: faces })];
}

function show(tile, room) {
  const [kind, text, reason = ""] = describe(room);
  const badge = tile.querySelector(".badge");
  badge.className = `badge is-${kind}`;
  badge.textContent = text;
  tile.querySelector(".wall-reason").textContent = reason;
  tile.querySelector(".wall-lecture").textContent = room.lecture ? room.lecture.title : "";
  tile.dataset.camera = room.camera.reason === "no_camera" ? "none" : "";
  tile.classList.toggle("is-dark", kind === "dark");
}

async function showStates() {
  const answer = await fetchJson(wall.dataset.rooms).catch(() => null);
  for (const room of answer?.rooms ?? []) {
    const tile = wall.querySelector(`[data-room="${room.id}"]`);
    if (tile) show(tile, room);
  }
}

function loaded(image, url) {
  return new Promise((resolve) => {
    image.onload = image.onerror = resolve;
    image.src = url;
  });
}

// A room that is dark shows its card, which says why.
async function showPictures() {
  for (const tile of inView) {
    const image = tile.querySelector("img");
    if (tile.dataset.camera === "none" && image.complete && image.naturalWidth) continue; // its card stays
    await loaded(image, `${image.dataset.picture}&t=${Date.now()}`);
  }
}

if (wall) {
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target);
  });
  for (const tile of wall.children) observer.observe(tile);
  poll(showStates, STATES_MS);
  poll(showPictures, PICTURES_MS);
}
