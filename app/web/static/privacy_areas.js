// Draws privacy areas on the picture, by mouse, finger or keyboard. The form sends the numbers beside it.

import { t } from "./translations.js";

const SIDES = ["left", "top", "width", "height"];
const MIN_SIDE = 1; // per cent of the picture
const STEP = 1; // per cent that an arrow key moves
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

const canvas = document.getElementById("canvas");
const rows = document.getElementById("rows");
const addButton = document.getElementById("add");
const boxes = new Map(); // row of numbers -> its box on the picture

const field = (row, side) => row.querySelector(`[name=${side}]`);
const areaOf = (row) => Object.fromEntries(SIDES.map((side) => [side, Number(field(row, side).value)]));
const tenths = (value) => Math.round(value * 10) / 10;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// The start and length of a side, clamped to the picture, in tenths of a per cent. The ends are rounded, not the
// length, so that an area at the far edge does not extend past it.
function span(begin, length) {
  const from = tenths(clamp(begin, 0, 100 - MIN_SIDE));
  const to = clamp(tenths(begin + length), from + MIN_SIDE, 100);
  return [from, tenths(to - from)];
}

// Writes an area into its row and redraws its box.
function setArea(row, area) {
  const [left, width] = span(area.left, area.width);
  const [top, height] = span(area.top, area.height);
  for (const [side, value] of Object.entries({ left, top, width, height })) {
    field(row, side).value = value;
  }
  drawBox(row);
}

function drawBox(row) {
  const box = boxes.get(row);
  for (const [side, value] of Object.entries(areaOf(row))) box.style[side] = `${value}%`;
}

function numberRows() {
  let count = 0;
  for (const [row, box] of boxes) {
    count += 1;
    row.querySelector(".number").textContent = count;
    for (const element of [row, box]) element.setAttribute("aria-label", t("Area %(number)s", { number: count }));
    box.firstChild.textContent = count;
  }
  document.getElementById("none").hidden = count > 0;
  addButton.disabled = count >= Number(rows.dataset.max);
}

// Adds the box of a row to the picture.
function addBox(row) {
  const box = document.createElement("div");
  box.className = "area";
  box.tabIndex = 0;
  box.setAttribute("role", "button");
  box.setAttribute("aria-describedby", "how");
  box.append(document.createElement("span"), document.createElement("i"));
  box.lastChild.className = "corner";
  box.addEventListener("keydown", (event) => onKey(event, row));
  boxes.set(row, box);
  canvas.append(box);
  row.addEventListener("input", () => drawBox(row));
  const button = row.querySelector(".remove");
  button.hidden = false;
  button.addEventListener("click", () => removeRow(row));
  drawBox(row);
  numberRows();
}

function addRow(area) {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  rows.append(row);
  addBox(row);
  setArea(row, area);
  return row;
}

function removeRow(row) {
  boxes.get(row).remove();
  boxes.delete(row);
  row.remove();
  numberRows();
  addButton.focus();
}

const moved = (area, x, y) => ({
  ...area,
  left: clamp(area.left + x, 0, 100 - area.width),
  top: clamp(area.top + y, 0, 100 - area.height),
});
const resized = (area, x, y) => ({ ...area, width: area.width + x, height: area.height + y });

// The area between the corner where the pointer went down and where it is now, whichever is upper left.
const drawn = ({ left, top }, x, y) => ({
  left: Math.min(left, left + x),
  top: Math.min(top, top + y),
  width: Math.abs(x),
  height: Math.abs(y),
});

function onKey(event, row) {
  if (event.key === "Delete" || event.key === "Backspace") removeRow(row);
  else if (event.key in KEYS) setArea(row, (event.shiftKey ? resized : moved)(areaOf(row), ...KEYS[event.key]));
  else return;
  event.preventDefault();
}

// The pointer's position on the picture, in per cent; outside the picture, the nearest point of its edge.
function positionOf(event) {
  const edge = canvas.getBoundingClientRect();
  return [
    clamp(((event.clientX - edge.left) / edge.width) * 100, 0, 100),
    clamp(((event.clientY - edge.top) / edge.height) * 100, 0, 100),
  ];
}

function startDrag(event) {
  const box = event.target.closest(".area");
  if (event.button !== 0 || (!box && addButton.disabled)) return;
  const [x, y] = positionOf(event);
  const existing = [...boxes].find(([, each]) => each === box);
  const row = existing ? existing[0] : addRow({ left: x, top: y, width: 0, height: 0 });
  const area = existing ? areaOf(row) : { left: x, top: y };
  const change = !existing ? drawn : event.target.matches(".corner") ? resized : moved;
  const onMove = (next) => {
    const [toX, toY] = positionOf(next);
    setArea(row, change(area, toX - x, toY - y));
  };
  const onEnd = (last) => {
    canvas.removeEventListener("pointermove", onMove);
    const [toX, toY] = positionOf(last);
    const isTap = Math.min(Math.abs(toX - x), Math.abs(toY - y)) < MIN_SIDE;
    if (!existing && isTap) removeRow(row);
    else boxes.get(row).focus();
  };
  canvas.setPointerCapture(event.pointerId);
  canvas.addEventListener("pointermove", onMove);
  canvas.addEventListener("lostpointercapture", onEnd, { once: true });
}

for (const row of rows.querySelectorAll(".row")) addBox(row);
numberRows();
for (const id of ["how", "add", "refresh"]) document.getElementById(id).hidden = false;
canvas.addEventListener("pointerdown", startDrag);
addButton.addEventListener("click", () => boxes.get(addRow({ left: 40, top: 40, width: 20, height: 20 })).focus());
document.getElementById("refresh").addEventListener("click", () => {
  const picture = document.getElementById("snapshot");
  picture.src = `${picture.src.split("?")[0]}?t=${Date.now()}`;
});
