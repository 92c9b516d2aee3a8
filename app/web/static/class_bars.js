// The class as bars: what is above 1 % with the largest first, the rest folded into "others", the unknown apart.

import { setProperty, setText } from "./changes.js";
import { t } from "./translations.js";

const LEAST = 0.01; // a smaller share is folded
const HYSTERESIS = 0.02; // by so much a bar must be longer to move above another
const UNFOLDED_ROWS = 4; // the list keeps room for so many, so that what lies below it stays where it is

const list = document.getElementById("shares");
const rows = new Map([...list.children].map((row) => [row.dataset.emotion, row]));
let order = [...rows.keys()].filter((name) => name !== "others" && name !== "uncertain");

// Sorts by share, but leaves neighbours that hardly differ as they are.
function sortOrder(shares) {
  order.forEach((_, end) => {
    for (let place = end; place > 0; place--) {
      const [above, below] = [order[place - 1], order[place]];
      if (shares[below] > shares[above] + HYSTERESIS) [order[place - 1], order[place]] = [below, above];
    }
  });
}

// What has not changed is not written: the browser would compute the page's style again.
function fill(row, share) {
  const percent = Math.round(share * 100);
  if (row.dataset.percent === String(percent)) return;
  row.dataset.percent = percent;
  row.querySelector(".bar").style.transform = `scaleX(${share.toFixed(3)})`;
  setText(row.querySelector(".value"), `${percent} %`);
}

function place(row, number) {
  if (row.dataset.place === String(number)) return;
  row.dataset.place = number;
  row.hidden = number === null;
  if (number !== null) row.style.setProperty("--place", number);
}

function keepRoomFor(count) {
  if (list.dataset.rows === String(count)) return;
  list.dataset.rows = count;
  list.style.setProperty("--rows", count);
}

// Shows the shares; without any, nothing but the room that they take.
export function showShares(recent) {
  const shares = recent?.shares;
  list.classList.toggle("is-empty", !shares);
  if (!shares) return rows.forEach((row) => place(row, null));
  sortOrder(shares);
  const shown = order.filter((name) => shares[name] > LEAST);
  const others = order.filter((name) => shares[name] <= LEAST);
  order.forEach((name) => place(rows.get(name), shown.includes(name) ? shown.indexOf(name) : null));
  shown.forEach((name) => fill(rows.get(name), shares[name]));
  const rest = others.reduce((sum, name) => sum + shares[name], 0);
  let count = shown.length;
  place(rows.get("others"), rest >= LEAST / 2 ? count++ : null);
  fill(rows.get("others"), rest);
  setProperty(rows.get("others"), "title", others.map((name) => t(name)).join(", "));
  place(rows.get("uncertain"), recent.uncertain >= LEAST / 2 ? count++ : null);
  fill(rows.get("uncertain"), recent.uncertain);
  keepRoomFor(Math.max(count, UNFOLDED_ROWS));
}

// Where only presence is read: how many are turned to the front, if the detector can tell.
export function showFacing(recent) {
  setProperty(list, "hidden", !recent || recent.facing === null);
  if (!list.hidden) fill(rows.get("facing"), recent.facing);
}
