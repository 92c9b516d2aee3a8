// Drawing privacy areas on the picture, by mouse, finger or keyboard. What is sent are the numbers beside it.

import { t } from "./texts.js";

const SIDES = ["left", "top", "width", "height"];
const SMALLEST = 1; // per cent of the picture
const STEP = 1; // per cent, of an arrow key
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

const canvas = document.getElementById("canvas");
const rows = document.getElementById("rows");
const add = document.getElementById("add");
const boxes = new Map(); // of each row, the box on the picture

const field = (row, side) => row.querySelector(`[name=${side}]`);
const read = (row) => Object.fromEntries(SIDES.map((side) => [side, Number(field(row, side).value)]));
const tenths = (value) => Math.round(value * 10) / 10;
const within = (value, low, high) => Math.min(Math.max(value, low), high);

// Where a side begins and how long it is, within the picture and in tenths of a per cent; its ends are rounded
// and not its length, so that an area at the far edge doesn't reach over it.
function span(begin, length) {
  const from = tenths(within(begin, 0, 100 - SMALLEST));
  const to = within(tenths(begin + length), from + SMALLEST, 100);
  return [from, tenths(to - from)];
}

// Writes an area into its row and shows it.
function write(row, { left, top, width, height }) {
  const [x, wide] = span(left, width);
  const [y, high] = span(top, height);
  for (const [side, value] of Object.entries({ left: x, top: y, width: wide, height: high })) {
    field(row, side).value = value;
  }
  show(row);
}

function show(row) {
  const box = boxes.get(row);
  for (const [side, value] of Object.entries(read(row))) box.style[side] = `${value}%`;
}

function number() {
  let count = 0;
  for (const [row, box] of boxes) {
    count += 1;
    row.querySelector(".number").textContent = count;
    for (const element of [row, box]) element.setAttribute("aria-label", t("Area %(number)s", { number: count }));
    box.firstChild.textContent = count;
  }
  document.getElementById("none").hidden = count > 0;
  add.disabled = count >= Number(rows.dataset.most);
}

// Gives a row its box on the picture.
function adopt(row) {
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
  row.addEventListener("input", () => show(row));
  const button = row.querySelector(".remove");
  button.hidden = false;
  button.addEventListener("click", () => remove(row));
  show(row);
  number();
}

function create(area) {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  rows.append(row);
  adopt(row);
  write(row, area);
  return row;
}

function remove(row) {
  boxes.get(row).remove();
  boxes.delete(row);
  row.remove();
  number();
  add.focus();
}

const moved = (area, x, y) => ({
  ...area,
  left: within(area.left + x, 0, 100 - area.width),
  top: within(area.top + y, 0, 100 - area.height),
});
const resized = (area, x, y) => ({ ...area, width: area.width + x, height: area.height + y });

// From the corner where the hand began to the one where it is, whichever of them is upper left.
const drawn = ({ left, top }, x, y) => ({
  left: Math.min(left, left + x),
  top: Math.min(top, top + y),
  width: Math.abs(x),
  height: Math.abs(y),
});

function onKey(event, row) {
  if (event.key === "Delete" || event.key === "Backspace") remove(row);
  else if (event.key in KEYS) write(row, (event.shiftKey ? resized : moved)(read(row), ...KEYS[event.key]));
  else return;
  event.preventDefault();
}

// Where the hand is on the picture, in per cent; outside of it, at its edge.
function place(event) {
  const edge = canvas.getBoundingClientRect();
  return [
    within(((event.clientX - edge.left) / edge.width) * 100, 0, 100),
    within(((event.clientY - edge.top) / edge.height) * 100, 0, 100),
  ];
}

function begin(event) {
  const box = event.target.closest(".area");
  if (event.button !== 0 || (!box && add.disabled)) return;
  const [x, y] = place(event);
  const known = [...boxes].find(([, each]) => each === box);
  const row = known ? known[0] : create({ left: x, top: y, width: 0, height: 0 });
  const area = known ? read(row) : { left: x, top: y };
  const change = !known ? drawn : event.target.matches(".corner") ? resized : moved;
  const follow = (next) => {
    const [toX, toY] = place(next);
    write(row, change(area, toX - x, toY - y));
  };
  const end = (last) => {
    canvas.removeEventListener("pointermove", follow);
    const [toX, toY] = place(last);
    const tapped = Math.min(Math.abs(toX - x), Math.abs(toY - y)) < SMALLEST;
    if (!known && tapped) remove(row);
    else boxes.get(row).focus();
  };
  canvas.setPointerCapture(event.pointerId);
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("lostpointercapture", end, { once: true });
}

for (const row of rows.querySelectorAll(".row")) adopt(row);
number();
for (const id of ["how", "add", "again"]) document.getElementById(id).hidden = false;
canvas.addEventListener("pointerdown", begin);
add.addEventListener("click", () => boxes.get(create({ left: 40, top: 40, width: 20, height: 20 })).focus());
document.getElementById("again").addEventListener("click", () => {
  const picture = document.getElementById("seen");
  picture.src = `${picture.src.split("?")[0]}?t=${Date.now()}`;
});
