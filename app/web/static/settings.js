// "Try this camera": the server takes one picture with what is filled in, and nothing is saved.

import { post } from "./server.js";
import { t } from "./texts.js";

const form = document.getElementById("room");
const button = document.getElementById("try");
const picture = document.getElementById("tried");
const said = document.getElementById("tried-said");

function show({ works, detail, picture: source }) {
  picture.hidden = !source;
  document.getElementById("tried-hint").hidden = Boolean(source);
  if (source) picture.src = source;
  said.className = works ? "works" : "wrong";
  said.textContent = detail;
}

async function tryCamera() {
  button.setAttribute("aria-busy", "true");
  said.textContent = "";
  try {
    const answer = await post(document.getElementById("trial").dataset.url, new FormData(form));
    show(await answer.json());
  } catch {
    show({ works: false, detail: t("The server does not answer. Try again.") });
  }
  button.removeAttribute("aria-busy");
}

// Filling in a camera chooses its kind.
function chooseKindOf(name, kind) {
  const field = form.elements[name];
  if (field) field.addEventListener("input", () => (form.elements.kind.value = kind));
}

chooseKindOf("device", "device");
chooseKindOf("address", "network");
// typed before this script ran
if (form.elements.address.value) form.elements.kind.value = "network";
if (!button.closest("fieldset").disabled) {
  button.hidden = false;
  button.addEventListener("click", tryCamera);
}
