// What students say, on the live page and on the wall screen: bars, the last 15 minutes, polls and questions.

import { fetchJson, post } from "./requests.js";
import { t } from "./translations.js";

const CHOICES = ["clear", "lost", "too_fast", "too_slow"]; // from the bottom of the chart up
const MINUTES = 15;
const panel = document.getElementById("pulse-panel");
const find = (id) => document.getElementById(id);
const askForm = find("ask-poll");
const endForm = find("end-poll");
const riseSwitch = find("pulse-rise-on");
let questionsShown = 0;
let newest = null;

function showBar(row, count, total) {
  row.querySelector(".pulse-bar").style.width = count && total ? `${(100 * count) / total}%` : "0";
  row.querySelector(".pulse-count").textContent = count ?? "–";
}

// The counts into the bars of `list`; also used by the wall screen.
export function showCounts(list, counts) {
  const total = counts ? CHOICES.reduce((sum, name) => sum + counts[name], 0) : 0;
  for (const row of list.children) showBar(row, counts ? counts[row.dataset.choice] : null, total);
}

function rectangle(attributes) {
  const shape = document.createElementNS("http://www.w3.org/2000/svg", attributes.points ? "polygon" : "rect");
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  return shape;
}

// Each minute is a column of the four shares; a triangle marks where *lost* begins to rise.
function showLine({ minutes }) {
  const width = 300 / MINUTES;
  const now = Date.now();
  const shapes = [];
  for (const { minute, counts, answered, lost_rises: rises } of minutes) {
    const age = Math.floor((now - Date.parse(minute)) / 60000);
    if (!counts || !answered || age > MINUTES) continue;
    const x = 300 - Math.max(1, age) * width;
    let y = 60;
    for (const name of CHOICES) {
      const height = (50 * counts[name]) / answered;
      y -= height;
      if (height) shapes.push(rectangle({ class: `is-${name}`, x, y, width: width - 1.5, height }));
    }
    if (rises && riseSwitch?.checked) shapes.push(rectangle({ class: "mark", points: `${x},0 ${x + 9},0 ${x + 4.5},7` }));
  }
  find("pulse-line").replaceChildren(...shapes);
  find("pulse-history").hidden = !shapes.length;
}

function remarkOn({ counts, minimum_group: least }) {
  if (!counts) return t("Counts are shown from %(least)s answers on.", { least });
  return t("Counts change only for three answers or more together, so that no single one can be read off.");
}

async function showQuestions(count) {
  const url = panel.dataset.questions;
  if (!url || count === null || count === questionsShown) return;
  const answer = await fetchJson(url);
  if (!answer) return; // the next event tries again
  const { questions } = answer;
  questionsShown = count;
  find("pulse-questions").hidden = !questions.length;
  const rows = questions.map(({ id, text }) => {
    const row = document.createElement("li");
    const words = Object.assign(document.createElement("span"), { textContent: text });
    const done = Object.assign(document.createElement("button"), { className: "plain", type: "button", textContent: t("Answered") });
    done.setAttribute("aria-label", t("Answered: %(question)s", { question: text }));
    done.addEventListener("click", () => removeQuestion(`${url}/${id}`, row));
    row.append(words, done);
    return row;
  });
  find("question-list").replaceChildren(...rows);
}

async function removeQuestion(url, row) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch(url, { method: "DELETE", headers: { Accept: "application/json", "X-CSRFToken": token } }).catch(() => null);
  if (!answer?.ok && answer?.status !== 404) return;
  row.remove();
  questionsShown -= 1;
  find("pulse-questions").hidden = !find("question-list").children.length;
}

function showPoll(poll) {
  if (!askForm) return;
  find("poll-result").hidden = !poll;
  if (!poll) return;
  const bars = find("poll-bars");
  if (bars.dataset.poll !== String(poll.id)) {
    bars.dataset.poll = poll.id;
    const rows = poll.answers.map((text) => {
      const row = document.createElement("li");
      row.innerHTML = '<span></span><span class="pulse-track"><span class="pulse-bar"></span></span><span class="pulse-count"></span>';
      row.firstChild.textContent = text;
      return row;
    });
    bars.replaceChildren(...rows);
    find("pulse-poll").open = true;
  }
  const heading = find("poll-name");
  heading.textContent = poll.text || heading.dataset.spoken;
  const total = poll.counts ? poll.counts.reduce((sum, count) => sum + count, 0) : 0;
  [...bars.children].forEach((row, number) => showBar(row, poll.counts ? poll.counts[number] : null, total));
  const running = !poll.ended_at;
  endForm.hidden = !running;
  endForm.action = panel.dataset.endPoll.replace("/0/", `/${poll.id}/`);
  const words = { count: total };
  if (!poll.counts) find("poll-remark").textContent = t("Too few have answered so far.");
  else find("poll-remark").textContent = running ? t("%(count)s answers", words) : t("%(count)s answers; the poll has ended.", words);
}

// Called with the data of each event `pulse`; null while none is open.
export function showPulse(pulse) {
  newest = pulse;
  if (!pulse || !find("pulse-bars")) return;
  find("pulse-answered").textContent = pulse.answered ?? "–";
  showCounts(find("pulse-bars"), pulse.counts);
  const remark = find("pulse-remark");
  const words = remarkOn(pulse);
  if (remark.textContent !== words) remark.textContent = words;
  find("pulse-rise").hidden = !(pulse.lost_rises && riseSwitch?.checked);
  find("pulse-code").textContent = pulse.code;
  showLine(pulse);
  showPoll(pulse.poll);
  showQuestions(pulse.questions).catch(() => {});
}

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const answer = await post(form.action, new FormData(form)).catch(() => null);
  const said = answer && !answer.ok ? await answer.json().catch(() => null) : null;
  find("poll-status").textContent = answer?.ok ? "" : said?.detail ?? t("Not saved: the server does not answer. Try again.");
  if (answer?.ok && form === askForm) form.elements.text.value = "";
}

askForm?.addEventListener("submit", send);
endForm?.addEventListener("submit", send);
if (riseSwitch) {
  riseSwitch.checked = localStorage.getItem("pulse.rise") !== "off";
  riseSwitch.addEventListener("change", () => {
    localStorage.setItem("pulse.rise", riseSwitch.checked ? "on" : "off");
    showPulse(newest);
  });
}
