// The last 15 minutes as a stacked area. A minute without camera is a gap, never a zero.

import { fetchJson } from "./server.js";
import { t } from "./texts.js";

const MINUTES = 15;
const WIDTH = 900 / MINUTES; // of a minute, in the drawing's own units
const HEIGHT = 100;
const SVG = "http://www.w3.org/2000/svg";

const drawing = document.getElementById("history");
const legend = document.getElementById("history-legend");
const remark = document.getElementById("history-remark");
const names = [...document.querySelectorAll("#shares li")].map((row) => row.dataset.emotion);

// Seconds of each expression by minute; a minute inside and outside a lecture has two rows.
function collect({ minutes, pauses }, first) {
  const slots = Array.from({ length: MINUTES }, (_, index) => ({
    seen: false,
    few: false,
    paused: pauses.some(({ from, to }) => Date.parse(from) <= first + (index + 0.5) * 60000 && first + (index + 0.5) * 60000 < Date.parse(to)),
    seconds: names.map(() => 0),
  }));
  for (const row of minutes) {
    const slot = slots[Math.round((Date.parse(row.minute) - first) / 60000)];
    if (!slot) continue;
    slot.seen = true;
    slot.few ||= row.suppressed;
    if (!row.shares) continue;
    names.forEach((name, index) => {
      slot.seconds[index] += row.face_seconds * (name === "uncertain" ? row.uncertain_share : row.shares[name]);
    });
  }
  return slots.map(({ seen, few, paused, seconds }) => {
    const whole = seconds.reduce((sum, each) => sum + each, 0);
    return { kind: few ? "few" : seen ? null : paused ? "paused" : "gap", shares: whole ? seconds.map((each) => each / whole) : null };
  });
}

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

function add(kind, attributes) {
  const shape = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  drawing.append(shape);
}

// The height up to which the first `count` expressions reach in each minute, as points from left to right.
function edge(slots, [first, last], count) {
  const heights = slots.slice(first, last + 1).map(({ shares }) => shares.slice(0, count).reduce((sum, each) => sum + each, 0));
  const points = heights.map((height, index) => [(first + index + 0.5) * WIDTH, HEIGHT * (1 - height)]);
  return [[first * WIDTH, points[0][1]], ...points, [(last + 1) * WIDTH, points.at(-1)[1]]];
}

function drawRun(slots, run) {
  names.forEach((name, index) => {
    const outline = [...edge(slots, run, index + 1), ...edge(slots, run, index).reverse()];
    add("polygon", { class: `is-${name}`, points: outline.map((point) => point.map((at) => at.toFixed(1)).join()).join(" ") });
  });
}

function draw(slots) {
  drawing.querySelectorAll("polygon, rect.unread").forEach((shape) => shape.remove());
  const begun = slots.findIndex(({ kind }) => kind !== "gap");
  const unread = new Set();
  slots.forEach(({ kind, shares }, index) => {
    if (begun < 0 || index < begun || shares || !kind || (index === MINUTES - 1 && kind === "gap")) return;
    add("rect", { class: `unread ${kind}`, x: index * WIDTH, y: 0, width: WIDTH, height: HEIGHT });
    unread.add(kind);
  });
  legend.querySelectorAll("[data-kind]").forEach((entry) => (entry.hidden = !unread.has(entry.dataset.kind)));
  for (const run of runsOf(slots)) drawRun(slots, run);
  remark.hidden = slots.some(({ shares }) => shares);
  remark.textContent = slots.some(({ kind }) => kind === "few") ? t("Too few faces in view: no expressions are kept.") : t("Fills minute by minute.");
  drawing.setAttribute("aria-label", inWords(slots));
}

// What the drawing shows, for those who do not see it.
function inWords(slots) {
  const read = slots.filter(({ shares }) => shares);
  if (!read.length) return t("No shares in the last 15 minutes");
  const means = names.map((name, index) => [name, read.reduce((sum, { shares }) => sum + shares[index], 0) / read.length]);
  const most = means.sort((one, other) => other[1] - one[1]).slice(0, 3);
  return t("Last 15 minutes: %(shares)s", { shares: most.map(([name, share]) => `${t(name)} ${Math.round(share * 100)} %`).join(", ") });
}

export async function showHistory(url, room) {
  const first = Math.floor(Date.now() / 60000) * 60000 - (MINUTES - 1) * 60000;
  const query = new URLSearchParams({ from: new Date(first).toISOString(), room });
  const answer = await fetchJson(`${url}?${query}`);
  draw(collect(answer, first));
}
