// Draws a lecture's report as a chart to zoom into. Without scripts the page shows an SVG chart and the table.

import { decimal, t } from "./translations.js";

const KINDS = ["uncertain", "angry", "disgust", "fear", "sad", "surprise", "happy", "neutral"]; // from the top of the stack to the bottom
const figure = document.getElementById("timeline");
const percent = (share) => `${Math.round(share * 100)} %`;
const seconds = (time) => Date.parse(time) / 1000;

// uPlot has no stacks: each kind is drawn from its height in the stack down to zero, the highest first.
function stack(minutes) {
  const heights = KINDS.map(() => []);
  for (const minute of minutes) {
    let height = minute.shares ? 1 : null;
    KINDS.forEach((kind, place) => {
      heights[place].push(height);
      if (height !== null) height -= shareOf(minute, kind);
    });
  }
  return heights;
}

function shareOf(minute, kind) {
  return kind === "uncertain" ? minute.uncertain_share : minute.shares[kind];
}

function shareInWords(minute, kind) {
  if (!minute || !minute.shares) return "–";
  const ends = minute.share_intervals && minute.share_intervals[kind];
  const interval = ends ? ` (${Math.round(ends[0] * 100)}–${percent(ends[1])})` : "";
  return percent(shareOf(minute, kind)) + interval;
}

function remark(minute, report) {
  if (!minute) return t("Drag across the chart to zoom in.");
  const why = { gap: t("no camera"), paused: t("paused"), nobody: t("nobody in view"), "too few": t("too few people; not kept") }[minute.seen];
  const start = seconds(minute.minute);
  const notes = report.notes.filter((note) => seconds(note.at) >= start && seconds(note.at) < start + 60);
  const parts = [why || (minute.weak ? t("little data: a weak reading") : ""), ...notes.map((note) => `“${note.text}”`)];
  return parts.filter(Boolean).join(" · ") || "\u00a0";
}

function colour(kind) {
  return getComputedStyle(figure.querySelector(`.swatch[data-kind="${kind}"]`)).backgroundColor;
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: getComputedStyle(document.body).color, quiet: of("--quiet"), line: of("--line"), surface: of("--surface") };
}

// Minutes without shares are plain, pauses striped, minutes without camera hatched, weak minutes pale.
function drawUnread(plot, minutes, colours) {
  const { ctx, bbox } = plot;
  const xOf = (time) => plot.valToPos(time, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const minute of minutes) {
    const x = xOf(seconds(minute.minute));
    const width = xOf(seconds(minute.minute) + 60) - x;
    if (minute.shares && minute.weak) {
      ctx.globalAlpha = 0.65;
      ctx.fillStyle = colours.surface;
      ctx.fillRect(x, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
    } else if (minute.seen === "paused") {
      drawPauseSigns(ctx, x, bbox.top, width, bbox.height, colours.quiet);
    } else if (minute.seen === "gap") {
      drawHatching(ctx, x, bbox.top, width, bbox.height, colours.quiet);
    } else if (!minute.shares) {
      ctx.fillStyle = colours.line;
      ctx.fillRect(x, bbox.top, width, bbox.height);
    }
  }
  ctx.restore();
}

function drawHatching(ctx, x, y, width, height, stroke) {
  const step = 8 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = stroke;
  ctx.globalAlpha = 0.4;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const first = Math.floor((x - height) / step) * step; // one grid for all minutes, so that they join without a seam
  for (let start = first; start < x + width; start += step) {
    ctx.moveTo(start, y + height);
    ctx.lineTo(start + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

// Pause signs, one below the other.
function drawPauseSigns(ctx, x, y, width, height, fill) {
  const unit = Math.min(devicePixelRatio, width / 10);
  ctx.save();
  ctx.fillStyle = fill;
  ctx.globalAlpha = 0.4;
  for (let top = y + 4 * unit; top + 10 * unit < y + height; top += 20 * unit) {
    for (const left of [-3, 1]) ctx.fillRect(x + width / 2 + left * unit, top, 2 * unit, 10 * unit);
  }
  ctx.restore();
}

function drawNotes(plot, notes, colours) {
  const { ctx, bbox } = plot;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colours.ink;
  ctx.lineWidth = 1.5 * unit;
  for (const note of notes) {
    const x = plot.valToPos(seconds(note.at), "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 10 * unit);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 11 * unit);
    ctx.lineTo(x + 9 * unit, bbox.top - 6.5 * unit);
    ctx.lineTo(x, bbox.top - 2 * unit);
    ctx.fill();
  }
  ctx.restore();
}

// The minute under the pointer. uPlot gives the nearest start of a minute, which may be the next one.
function minuteAt(plot, _series, nearest, time) {
  return nearest > 0 && plot.data[0][nearest] > time ? nearest - 1 : nearest;
}

function options(report, remarkLine, resetButton) {
  const colours = theme();
  const minutes = report.minutes;
  const height = figure.clientWidth < 600 ? 240 : 320;
  const axis = { stroke: colours.quiet, grid: { show: false }, ticks: { stroke: colours.line }, font: "13px system-ui, sans-serif" };
  const bars = uPlot.paths.bars({ size: [1, Infinity], gap: 0, align: 1 });
  return {
    width: figure.clientWidth - 32,
    height,
    padding: [18, null, null, null],
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), figure.dataset.timezone),
    cursor: { dataIdx: minuteAt, y: false, points: { show: false }, drag: { x: true, y: false } },
    scales: { x: { time: true }, share: { range: [0, 1] }, faces: { range: (_, __, max) => [0, Math.max(5, Math.ceil(max * 1.15))] } },
    axes: [
      { ...axis, size: 36, values: [[3600, "{HH}:{mm}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}", null, null, null, null, null, null, 1]] },
      { ...axis, scale: "share", values: (_, ticks) => ticks.map(percent), size: 56, grid: { show: true, stroke: colours.line, width: 1 } },
      { ...axis, scale: "faces", side: 1, size: 46, label: t("faces"), labelSize: 18, labelFont: axis.font },
    ],
    series: [
      { label: t("Time"), value: "{HH}:{mm}" },
      ...KINDS.map((kind) => ({
        label: t(kind),
        scale: "share",
        fill: colour(kind),
        stroke: colour(kind),
        width: 0,
        paths: bars,
        points: { show: false },
        value: (_, __, ___, place) => shareInWords(minutes[place], kind),
      })),
      {
        label: t("faces"),
        scale: "faces",
        stroke: colours.ink,
        width: 2,
        paths: uPlot.paths.stepped({ align: 1 }),
        points: { show: false },
        value: (_, faces) => (faces == null ? "–" : decimal(faces)),
      },
    ],
    hooks: {
      draw: [(plot) => { drawUnread(plot, minutes, colours); drawNotes(plot, report.notes, colours); }],
      setCursor: [(plot) => { remarkLine.textContent = remark(minutes[plot.cursor.idxs[1]], report); }],
      setScale: [(plot, key) => {
        if (key === "x") resetButton.hidden = plot.scales.x.max - plot.scales.x.min >= minutes.length * 60 - 1;
      }],
    },
  };
}

async function show() {
  const answer = await fetch(figure.dataset.report, { headers: { Accept: "application/json" } });
  if (!answer.ok) return; // the SVG chart stays
  const report = await answer.json();
  const times = report.minutes.map((minute) => seconds(minute.minute));
  const end = times[times.length - 1] + 60; // the last minute has a width, too
  const data = [
    [...times, end],
    ...stack(report.minutes).map((heights) => [...heights, null]),
    [...report.minutes.map((minute) => minute.faces_mean), null],
  ];
  const line = document.createElement("p");
  line.className = "here";
  const remarkLine = document.createElement("span");
  const resetButton = document.createElement("button");
  resetButton.type = "button";
  resetButton.className = "outline";
  resetButton.textContent = t("Show the whole lecture");
  resetButton.hidden = true;
  line.append(remarkLine, resetButton);
  figure.classList.add("is-interactive");

  let plot = null;
  function draw() {
    if (plot) plot.destroy();
    plot = new uPlot(options(report, remarkLine, resetButton), data, figure);
    figure.append(line);
    remarkLine.textContent = remark(null, report);
  }
  draw();
  resetButton.addEventListener("click", () => plot.setScale("x", { min: times[0], max: end }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    plot.setSize({ width: width - 32, height: plot.height });
  }).observe(figure);
}

show();
