// Asks the server, and tells it.

export async function fetchJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.status === 401) location.reload(); // signed out meanwhile: the page leads to sign-in
  if (answer.status === 503) return null;
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

export function post(url, body, headers = {}) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  return fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token, ...headers } });
}

// Does some work now and then `every` so many milliseconds, while the page is seen.
export function keepDoing(work, every) {
  let timer;
  async function turn() {
    clearTimeout(timer);
    if (!document.hidden) await work();
    clearTimeout(timer); // of a turn that began meanwhile
    timer = setTimeout(turn, every);
  }
  document.addEventListener("visibilitychange", turn);
  turn();
}
