// "Send a test message": the server writes to the addresses that are filled in. Nothing is saved.

import { post } from "./requests.js";
import { t } from "./translations.js";

const form = document.getElementById("room-form");
const test = document.getElementById("notify-test");

function show(lines) {
  const items = lines.map(({ address, works, detail }) => {
    const item = document.createElement("li");
    item.className = works ? "works" : "wrong";
    item.textContent = address ? `${address}: ${detail}` : detail;
    return item;
  });
  test.querySelector("ul").replaceChildren(...items);
}

async function send(button) {
  button.setAttribute("aria-busy", "true");
  show([]);
  try {
    const { detail, sent } = await (await post(test.dataset.url, new FormData(form))).json();
    show(detail ? [{ works: false, detail }] : sent);
  } catch {
    show([{ works: false, detail: t("The server does not answer. Try again.") }]);
  }
  button.removeAttribute("aria-busy");
}

if (test) {
  // absent at the first run
  const button = test.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => send(button));
}
