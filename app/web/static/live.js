// Keeps the live page alive: the stream, the class's figures, the state of the camera.

const EVERY = 1000; // milliseconds between two looks at the figures
const stream = document.getElementById("stream");
const badge = document.getElementById("badge");
const list = document.getElementById("shares");
const remark = document.getElementById("remark");
const clock = document.getElementById("clock");

// A browser opens few connections to a server, and a stream holds one of them: let go of it while nobody looks.
function openStream() {
  stream.src = `${stream.dataset.stream}?t=${Date.now()}`;
}

function closeStream() {
  stream.removeAttribute("src");
}

function showBadge(kind, words) {
  badge.className = `badge is-${kind}`;
  badge.textContent = words;
}

function showCamera(state) {
  const { camera, monitor } = state;
  if (camera.online) {
    showBadge("live", `live · ${camera.capture_fps.toFixed(0)} pictures/s · read ${monitor.analysed_fps.toFixed(1)}/s`);
  } else {
    showBadge("dark", `dark · ${camera.detail || camera.reason}`);
  }
}

function showShares(now) {
  const known = now && now.shares;
  document.getElementById("faces").textContent = now ? now.faces : "–";
  document.getElementById("faces-word").textContent = now && now.faces === 1 ? "face" : "faces";
  for (const row of list.children) {
    const name = row.dataset.emotion;
    const share = known ? (name === "uncertain" ? now.uncertain : now.shares[name]) : 0;
    row.querySelector(".bar").style.width = `${share * 100}%`;
    row.querySelector(".value").textContent = known ? `${Math.round(share * 100)} %` : "–";
  }
  remark.textContent = remarkOn(now);
}

function remarkOn(now) {
  if (!now) return "No reading: the camera is dark.";
  if (now.suppressed) return "Too few faces: no shares are shown, to protect the people in view.";
  if (now.faces === 0) return "Nobody in view.";
  if (now.scored < now.faces) return `${now.faces - now.scored} of ${now.faces} faces are too small to read.`;
  return "\u00a0";
}

function showClock() {
  if (!clock) return;
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - Number(clock.dataset.since)));
  const two = (number) => String(number).padStart(2, "0");
  clock.textContent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

async function fetchJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.status === 401) location.reload();
  if (answer.status === 503) return null;
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

let connected = true;

async function look() {
  try {
    const [state, now] = await Promise.all([fetchJson(list.dataset.state), fetchJson(list.dataset.url)]);
    showCamera(state);
    showShares(now);
    if (!connected) openStream();
    connected = true;
  } catch (error) {
    connected = false;
    showBadge("dark", "the server does not answer; trying again");
    showShares(null);
  }
}

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, EVERY);
}

document.addEventListener("visibilitychange", () => (document.hidden ? closeStream() : openStream()));
stream.addEventListener("error", () => {
  if (stream.hasAttribute("src")) connected = false;
});
setInterval(showClock, 1000);
showClock();
keepLooking();
