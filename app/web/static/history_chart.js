// Draws the last 15 minutes as stacked columns. A minute without camera is a gap, never a zero.

import { fetchJson } from "./requests.js";
import { t } from "./translations.js";

const MINUTES = 15;
const MINUTE_WIDTH = 900 / MINUTES; // in units of the view box
const HEIGHT = 100;
const SVG = "http://www.w3.org/2000/svg";

const drawing = document.getElementById("history");
const legend = document.getElementById("history-legend");
const remark = document.getElementById("history-remark");
const isPresence = document.getElementById("live").dataset.purpose === "presence";
const bandNames = document.getElementById("history-names");
const names = [...document.querySelectorAll("#shares li")].map((row) => row.dataset.emotion).filter((name) => name !== "others"); // from the bottom up, the unknown last
const MIN_HEIGHT = 0.02; // of the chart: nothing of a lower band would be left between its gaps
const NAMED_HEIGHT = 0.24; // of the chart: a lower band has no room for its name
const NAME_MINUTES = 3; // a shorter one neither

// The shares of each minute. A minute in which a lecture began or ended has two rows.
function collect({ minutes, pauses, lectures_of_others: others }, first) {
  const slots = Array.from({ length: MINUTES }, (_, index) => ({
    seen: false,
    few: false,
    paused: pauses.some((pause) => covers(pause, first + (index + 0.5) * 60000)),
    other: others.some((lecture) => covers(lecture, first + (index + 0.5) * 60000)),
    seconds: names.map(() => 0),
  }));
  for (const row of minutes) {
    const slot = slots[Math.round((Date.parse(row.minute) - first) / 60000)];
    if (!slot) continue;
    slot.seen = true;
    slot.few ||= row.suppressed;
    if (!row.shares) continue;
    names.forEach((name, index) => {
      slot.seconds[index] += row.counted_seconds * (name === "uncertain" ? row.uncertain_share : row.shares[name]);
    });
  }
  return slots.map(({ seen, few, paused, other, seconds }) => {
    const total = seconds.reduce((sum, each) => sum + each, 0);
    return { kind: few ? "few" : seen ? null : paused ? "paused" : other ? "other" : "gap", shares: total ? seconds.map((each) => each / total) : null };
  });
}

const covers = ({ from, to }, time) => Date.parse(from) <= time && time < Date.parse(to);

// Neighbouring minutes that have shares: [[first, last], …].
function runsOf(slots) {
  const runs = [];
  slots.forEach(({ shares }, index) => {
    if (!shares) return;
    const last = runs.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  });
  return runs;
}

function addShape(tag, attributes) {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  drawing.append(shape);
}

// The upper edge of the first `count` expressions over the minutes of a run, as corners from left to right.
function edge(slots, [first, last], count) {
  return slots.slice(first, last + 1).flatMap(({ shares }, index) => {
    const y = HEIGHT * (1 - shares.slice(0, count).reduce((sum, each) => sum + each, 0));
    return [[(first + index) * MINUTE_WIDTH, y], [(first + index + 1) * MINUTE_WIDTH, y]];
  });
}

// The unknown is not drawn: it is the room above the stack.
function drawRun(slots, run) {
  names.forEach((name, index) => {
    const isSeen = slots.slice(run[0], run[1] + 1).some(({ shares }) => shares[index] >= MIN_HEIGHT);
    if (name === "uncertain" || !isSeen) return;
    const outline = [...edge(slots, run, index + 1), ...edge(slots, run, index).reverse()];
    addShape("polygon", { class: `band is-${name}`, points: outline.map((point) => point.map((value) => value.toFixed(1)).join()).join(" ") });
  });
}

// Writes each expression's name into the middle of where it is high enough for longest.
function nameBands(slots) {
  bandNames.replaceChildren();
  names.forEach((name, index) => {
    if (name === "uncertain") return;
    const middle = middleOf(slots.map(({ shares }) => (shares?.[index] ?? 0) >= NAMED_HEIGHT));
    if (middle === null) return;
    const { shares } = slots[Math.floor(middle)];
    const below = shares.slice(0, index).reduce((sum, each) => sum + each, 0);
    const label = document.createElement("span");
    label.className = `is-${name}`;
    label.textContent = t(name);
    label.style.left = `${(middle / MINUTES) * 100}%`;
    label.style.bottom = `${(below + shares[index] / 2) * 100}%`;
    bandNames.append(label);
  });
}

// The middle of the longest run of true values, in minutes; null if none is long enough for a name.
function middleOf(flags) {
  let longest = null;
  let length = 0;
  flags.forEach((flag, index) => {
    length = flag ? length + 1 : 0;
    if (length >= (longest?.length ?? NAME_MINUTES)) longest = { length, middle: index + 1 - length / 2 };
  });
  return longest && longest.middle;
}

function draw(slots) {
  drawing.querySelectorAll("polygon, rect.unread").forEach((shape) => shape.remove());
  const firstRead = slots.findIndex(({ kind }) => kind !== "gap");
  const unread = new Set();
  slots.forEach(({ kind, shares }, index) => {
    if (firstRead < 0 || index < firstRead || shares || !kind || (index === MINUTES - 1 && kind === "gap")) return;
    addShape("rect", { class: `unread ${kind}`, x: index * MINUTE_WIDTH, y: 0, width: MINUTE_WIDTH, height: HEIGHT });
    unread.add(kind);
  });
  legend.querySelectorAll("[data-kind]").forEach((entry) => (entry.hidden = !unread.has(entry.dataset.kind)));
  for (const run of runsOf(slots)) drawRun(slots, run);
  nameBands(slots);
  remark.hidden = slots.some(({ shares }) => shares && shares[names.indexOf("uncertain")] < 1 - MIN_HEIGHT);
  remark.textContent = whyEmpty(slots);
  drawing.setAttribute("aria-label", inWords(slots));
}

function whyEmpty(slots) {
  if (slots.some(({ kind }) => kind === "few")) return t("No expressions are kept while too few faces are in view.");
  if (slots.some(({ shares }) => shares)) return t("No expression could be read yet.");
  return t("This chart fills minute by minute.");
}

// The chart in words, for people who can't see it.
function inWords(slots) {
  const read = slots.filter(({ shares }) => shares);
  if (!read.length) return t("No expressions in the last 15 minutes");
  const means = names.map((name, index) => [name, read.reduce((sum, { shares }) => sum + shares[index], 0) / read.length]);
  const largest = means.sort((one, other) => other[1] - one[1]).slice(0, 3);
  return t("Last 15 minutes: %(shares)s", { shares: largest.map(([name, share]) => `${t(name)} ${Math.round(share * 100)} %`).join(", ") });
}

// Where only presence is read: the faces in view on average in each minute; null without camera.
function collectFaces({ minutes }, first) {
  const faces = Array.from({ length: MINUTES }, () => null);
  for (const row of minutes) {
    const index = Math.round((Date.parse(row.minute) - first) / 60000);
    if (index in faces) faces[index] = Math.max(faces[index] ?? 0, row.faces_mean);
  }
  return faces;
}

function drawFaces(faces) {
  const most = Math.max(1, ...faces);
  drawing.querySelectorAll("rect.is-in-view").forEach((shape) => shape.remove());
  faces.forEach((count, index) => {
    const height = ((count ?? 0) / most) * HEIGHT;
    addShape("rect", { class: "is-in-view", x: index * MINUTE_WIDTH, y: HEIGHT - height, width: MINUTE_WIDTH - 1, height });
  });
  remark.hidden = faces.some((count) => count !== null);
  remark.textContent = t("This chart fills minute by minute.");
  drawing.setAttribute("aria-label", t("At most %(faces)s faces in the last 15 minutes", { faces: Math.round(Math.max(0, ...faces)) }));
}

export async function showHistory(url) {
  const first = Math.floor(Date.now() / 60000) * 60000 - (MINUTES - 1) * 60000;
  const query = new URLSearchParams({ from: new Date(first).toISOString() });
  const answer = await fetchJson(`${url}?${query}`);
  if (isPresence) drawFaces(collectFaces(answer, first));
  else draw(collect(answer, first));
}
