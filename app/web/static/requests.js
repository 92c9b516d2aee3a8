// Requests to the server.

// The JSON at `url`; null if the server has none at the moment (503).
export async function fetchJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.status === 401) location.reload(); // the session has ended: the page leads to sign-in
  if (answer.status === 503) return null;
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

// What every request that changes something by the session must carry.
export const csrfToken = () => document.querySelector("meta[name=csrf-token]").content;

export function post(url, body, headers = {}, signal = undefined) {
  return fetch(url, { method: "POST", body, signal, headers: { Accept: "application/json", "X-CSRFToken": csrfToken(), ...headers } });
}

// Deletes what is at `url`.
export function remove(url) {
  return fetch(url, { method: "DELETE", headers: { Accept: "application/json", "X-CSRFToken": csrfToken() } });
}

// Calls `work` now and then every `milliseconds`, while the page is visible.
export function poll(work, milliseconds) {
  let timer;
  async function run() {
    clearTimeout(timer);
    if (!document.hidden) await work();
    clearTimeout(timer); // a run that began meanwhile may have set one
    timer = setTimeout(run, milliseconds);
  }
  document.addEventListener("visibilitychange", run);
  run();
}
