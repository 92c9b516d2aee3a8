// The room's events from the server: followed while the page is visible, and again after each interruption.

import { fetchJson } from "./requests.js";

const RETRY_MS = 5000; // after an answer that is no stream, such as 503

// Calls `handlers[name]` with the data of each event of that name, and `onLost` when the server is not heard.
export function follow(url, handlers, onLost) {
  let source = null;
  let timer = null;

  function open() {
    clearTimeout(timer);
    source = new EventSource(url);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.addEventListener("error", lose);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  async function lose() {
    onLost();
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    timer = setTimeout(open, RETRY_MS);
    await fetchJson(url.replace(/events$/, "state")).catch(() => {}); // leads to sign-in if the session has ended
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : source || open()));
  if (!document.hidden) open();
}
