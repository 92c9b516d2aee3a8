// Lets people look into a chart of minutes: a readout that follows pointer, finger and arrow keys, and zoom.
// What it says stands in the table below the chart, so both are in the same words.

import { t } from "./translations.js";

const TICK_STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440]; // minutes
const TICK_WIDTH = 64; // pixels, so that no two times touch
const MIN_MINUTES = 3; // a narrower view shows nothing more
const SVG = "http://www.w3.org/2000/svg";

document.querySelectorAll("[data-chart]").forEach(start);

function start(chart) {
  const minutes = Number(chart.dataset.minutes);
  const step = Number(chart.dataset.step);
  const rows = [...document.getElementById(chart.dataset.table).tBodies[0].rows];
  const plot = chart.querySelector(".minute-plot");
  const surfaces = [...chart.querySelectorAll(".minute-plot, .strip, .row")];
  const values = [...chart.querySelectorAll(".readout [data-column]")].map((element) => ({ element, column: Number(element.dataset.column), whole: element.innerHTML }));
  const time = chart.querySelector(".readout-time");
  const remark = chart.querySelector(".readout-remark");
  const showAll = chart.querySelector(".show-all");
  let view = { from: 0, to: minutes };
  let chosen = null; // a column

  // what is written

  function choose(column) {
    chosen = column;
    const cells = column === null ? null : [...rows[column].cells];
    const hasShares = cells && cells.every((cell) => cell.colSpan === 1);
    const why = cells && !hasShares ? cells.at(-1).textContent : "";
    time.textContent = cells ? cells[0].textContent : time.dataset.whole;
    remark.textContent = cells ? [why, rows[column].dataset.remark, ...notesAt(column)].filter(Boolean).join(" · ") : "";
    for (const { element, column: place, whole } of values) {
      element.innerHTML = !cells ? whole : hasShares || place < 3 ? cells[place].innerHTML : "–";
    }
    plot.setAttribute("aria-valuenow", column ?? 0);
    plot.setAttribute("aria-valuetext", spoken());
    placeCursor();
  }

  function notesAt(column) {
    return [...chart.querySelectorAll(".flags .flag")]
      .filter((flag) => Math.floor(Number(flag.dataset.at) / step) === column)
      .map((flag) => `${flag.querySelector("text").textContent} ${flag.querySelector("title").textContent.replace(/^\S+ /, "")}`);
  }

  function spoken() {
    const said = values.map(({ element }) => `${element.parentElement.firstChild.nextSibling?.textContent.trim() ?? ""} ${element.firstChild?.textContent ?? ""}`);
    return [time.textContent, remark.textContent, ...said].filter(Boolean).join(", ");
  }

  // what is drawn

  const percentOf = (minute) => (100 * (minute - view.from)) / (view.to - view.from);

  function placeCursor() {
    const left = chosen === null ? null : percentOf(chosen * step);
    const right = chosen === null ? null : percentOf((chosen + 1) * step);
    const isSeen = chosen !== null && right > 0 && left < 100;
    for (const cursor of chart.querySelectorAll(".cursor")) {
      cursor.hidden = !isSeen;
      cursor.style.left = `${Math.max(0, left)}%`;
      cursor.style.width = `${Math.min(100, right) - Math.max(0, left)}%`;
    }
  }

  function zoom(from, to) {
    const length = Math.min(minutes, Math.max(MIN_MINUTES * step, to - from));
    const begin = Math.min(Math.max(0, from), minutes - length);
    view = { from: begin, to: begin + length };
    showAll.hidden = length === minutes;
    for (const drawing of chart.querySelectorAll(".stretched")) drawing.setAttribute("viewBox", `${begin} 0 ${length} 100`);
    for (const element of chart.querySelectorAll("[data-at]")) {
      const at = percentOf(Number(element.dataset.at));
      element.setAttribute("x", `${at}%`);
      element.classList.toggle("is-out", at < 0 || at > 100);
    }
    for (const element of chart.querySelectorAll("[data-from]")) {
      const from = percentOf(Number(element.dataset.from));
      element.setAttribute("x", `${from}%`);
      element.setAttribute("width", `${percentOf(Number(element.dataset.to)) - from}%`);
    }
    drawTicks();
    placeCursor();
  }

  // Whole minutes, each once, at round times.
  function drawTicks() {
    const ticks = chart.querySelector(".ticks");
    const most = Math.max(2, Math.floor(ticks.getBoundingClientRect().width / TICK_WIDTH));
    const every = TICK_STEPS.find((each) => (view.to - view.from) / each <= most) ?? TICK_STEPS.at(-1);
    const offset = minuteOfDay(0);
    ticks.replaceChildren();
    for (let minute = Math.ceil((view.from + offset) / every) * every - offset; minute <= view.to; minute += every) {
      if (minute >= minutes && minutes > 1) continue;
      const tick = document.createElementNS(SVG, "svg");
      tick.setAttribute("x", `${percentOf(minute)}%`);
      tick.setAttribute("overflow", "visible");
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("y2", "5");
      const text = document.createElementNS(SVG, "text");
      text.setAttribute("y", "19");
      text.setAttribute("class", percentOf(minute) < 3 ? "first" : percentOf(minute) > 96 ? "last" : "");
      text.textContent = nameOf(minute);
      tick.append(line, text);
      ticks.append(tick);
    }
  }

  const clock = chart.dataset.zone && new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: chart.dataset.zone });
  const clockAt = (minute) => clock.format(new Date(Number(chart.dataset.begins) + minute * 60000));

  function minuteOfDay(minute) {
    if (!clock) return 0;
    const [hours, rest] = clockAt(minute).split(":").map(Number);
    return hours * 60 + rest;
  }

  function nameOf(minute) {
    return clock ? clockAt(minute) : t("%(count)s min", { count: minute });
  }

  // pointer and fingers: a mouse drags to zoom, one finger chooses, two pinch

  const fingers = new Map(); // pointerId → the minute under it when it came
  let drag = null; // where a mouse went down: its minute

  function minuteAt(event) {
    const box = plot.checkVisibility() ? plot.getBoundingClientRect() : surfaces.find((each) => each.checkVisibility()).getBoundingClientRect();
    const part = Math.min(0.99999, Math.max(0, (event.clientX - box.left) / box.width));
    return view.from + part * (view.to - view.from);
  }

  const columnAt = (event) => Math.min(rows.length - 1, Math.floor(minuteAt(event) / step));

  function showSelection(from, to) {
    for (const surface of surfaces) {
      let selection = surface.querySelector(".selection");
      if (from === null) selection?.remove();
      else {
        if (!selection) {
          selection = document.createElement("div");
          selection.className = "selection";
          surface.append(selection);
        }
        selection.style.left = `${percentOf(Math.min(from, to))}%`;
        selection.style.width = `${Math.abs(percentOf(to) - percentOf(from))}%`;
      }
    }
  }

  function pinch() {
    const [one, other] = [...fingers.values()];
    const box = plot.getBoundingClientRect();
    const [left, right] = [one, other].sort((a, b) => a.clientX - b.clientX);
    const minutesAPixel = (right.minute - left.minute) / Math.max(1, right.clientX - left.clientX);
    if (minutesAPixel <= 0) return;
    const from = left.minute - (left.clientX - box.left) * minutesAPixel;
    zoom(from, from + box.width * minutesAPixel);
  }

  for (const surface of surfaces) {
    surface.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") {
        if (event.button !== 0) return;
        drag = minuteAt(event);
        surface.setPointerCapture(event.pointerId);
      } else {
        fingers.set(event.pointerId, { minute: minuteAt(event), clientX: event.clientX });
        choose(columnAt(event));
      }
    });
    surface.addEventListener("pointermove", (event) => {
      if (fingers.has(event.pointerId)) fingers.get(event.pointerId).clientX = event.clientX;
      if (fingers.size === 2) return pinch();
      choose(columnAt(event));
      if (drag !== null) showSelection(drag, minuteAt(event));
    });
    surface.addEventListener("pointerup", (event) => {
      fingers.delete(event.pointerId);
      if (drag === null) return;
      const [from, to] = [drag, minuteAt(event)].sort((one, other) => one - other);
      drag = null;
      showSelection(null);
      if (to - from > (view.to - view.from) / 50) zoom(Math.floor(from / step) * step, Math.ceil(to / step) * step);
    });
    surface.addEventListener("pointercancel", (event) => {
      fingers.delete(event.pointerId);
      drag = null;
      showSelection(null);
    });
    surface.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && drag === null && document.activeElement !== plot) choose(null);
    });
    surface.addEventListener("dblclick", () => zoom(0, minutes));
  }

  // keys

  const MOVES = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  plot.addEventListener("keydown", (event) => {
    const middle = ((chosen ?? 0) + 0.5) * step;
    const length = view.to - view.from;
    if (event.key in MOVES) {
      const next = chosen === null ? (event.key === "End" ? rows.length - 1 : 0) : chosen + MOVES[event.key];
      choose(Math.min(rows.length - 1, Math.max(0, next)));
      const at = (chosen + 0.5) * step;
      if (at < view.from || at > view.to) zoom(at - length / 2, at + length / 2);
    } else if (event.key === "+" || event.key === "=") zoom(middle - length / 4, middle + length / 4);
    else if (event.key === "-") zoom(middle - length, middle + length);
    else if (event.key === "Escape") {
      choose(null);
      zoom(0, minutes);
    } else return;
    event.preventDefault();
  });
  plot.addEventListener("blur", () => choose(null));

  showAll.addEventListener("click", () => zoom(0, minutes));
  plot.setAttribute("role", "slider");
  plot.tabIndex = 0;
  plot.setAttribute("aria-valuemin", 0);
  plot.setAttribute("aria-valuemax", rows.length - 1);
  choose(null);
  new ResizeObserver(drawTicks).observe(chart.querySelector(".ticks"));
  chart.classList.add("is-interactive");
}
