// The students' page without reloads. Its forms also work without this script.

const LOOK_MS = 10000; // for a new poll, and for the end of the lecture
const forms = Object.fromEntries(["pulse", "poll", "question"].map((id) => [id, document.getElementById(id)]));
const status = document.getElementById("status");
let timer = null;

function press(form, value) {
  for (const button of form.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", button.value === String(value));
}

function end() {
  clearInterval(timer);
  status.textContent = status.dataset.ended;
  for (const field of document.querySelectorAll("button, textarea")) field.disabled = true;
}

async function send(form, fields) {
  const options = { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } };
  const answer = await fetch(form.action, options).catch(() => null);
  if (answer?.status === 404) end();
  else if (answer && !answer.ok) status.textContent = (await answer.json().catch(() => ({ detail: status.dataset.lost }))).detail;
  else if (!answer) status.textContent = status.dataset.lost;
  return Boolean(answer?.ok);
}

function showPoll(poll) {
  const { poll: form } = forms;
  form.hidden = !poll;
  if (!poll) return;
  if (form.elements.poll.value !== String(poll.id)) {
    form.elements.poll.value = poll.id;
    const heading = document.getElementById("poll-text");
    heading.textContent = poll.text || heading.dataset.spoken;
    const buttons = poll.answers.map((text, number) => {
      const button = Object.assign(document.createElement("button"), { name: "answer", value: number, textContent: text });
      button.setAttribute("aria-pressed", "false");
      return button;
    });
    document.getElementById("poll-answers").replaceChildren(...buttons);
  }
  press(form, poll.answer);
}

async function look() {
  if (document.hidden) return;
  const answer = await fetch(forms.pulse.dataset.state).catch(() => null);
  if (answer?.status === 404) return end();
  if (!answer?.ok) return;
  const { choice, poll } = await answer.json();
  press(forms.pulse, choice);
  if (!choice && status.textContent === status.dataset.stored) status.textContent = "";
  showPoll(poll);
}

for (const [name, form] of Object.entries(forms)) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (name === "question") {
      if (!(await send(form, { text: form.elements.text.value }))) return;
      form.reset();
      status.textContent = status.dataset.sent;
    } else {
      const { name: field, value } = event.submitter;
      const fields = name === "poll" ? { poll: form.elements.poll.value, [field]: value } : { [field]: value };
      if (!(await send(form, fields))) return;
      press(form, value);
      status.textContent = status.dataset.stored;
    }
  });
}
timer = setInterval(look, LOOK_MS + Math.random() * 2000); // not all telephones at the same moment
document.addEventListener("visibilitychange", look);
if (location.search) history.replaceState(null, "", location.pathname);
