// The class now: the sentence, the number of faces, the bars.

import { setProperty, write } from "./changes.js";
import { showFacing, showShares } from "./class_bars.js";
import { t } from "./translations.js";

const isPresence = document.getElementById("live").dataset.purpose === "presence";
let sharesAt = null; // the moment of the shares that are shown
let sharesSince = 0; // how long the page has shown them, by its own clock

// Shows a reading, null without one, and the room's state, null if the server does not answer.
// The bars and the sentence are of the last seconds, so that they agree and don't flicker.
export function showClass(now, state) {
  write("sentence", state ? state.sentence : t("The server does not answer"));
  setProperty(document.getElementById("count"), "hidden", !now);
  write("faces", now ? String(now.faces) : "–");
  write("faces-word", now && now.faces === 1 ? t("face") : t("faces"));
  write("remark", now ? remarkOn(now) : "");
  const recent = now && state ? state.recent : null;
  if (isPresence) showFacing(recent);
  else showShares(recent);
}

// Whether the same shares have been shown for 10 s: the server holds new ones back.
function areSharesHeld({ at }) {
  if (at !== sharesAt) [sharesAt, sharesSince] = [at, performance.now()];
  return performance.now() - sharesSince > 10000;
}

function remarkOn(now) {
  if (isPresence) return t("Faces are counted. No expression is read.");
  if (now.suppressed) return t("Too few faces: no shares are shown, to protect the people in view.");
  if (now.faces === 0) return "";
  if (areSharesHeld(now)) return t("shares held back to protect people");
  const unread = now.faces - now.scored;
  return unread ? t("%(unread)s too small or turned away", { unread }) : "";
}
