// An offer to undo ends when the server no longer can.

const UNDO_MS = 10000;

for (const offer of document.querySelectorAll("[data-undo]")) setTimeout(() => offer.remove(), UNDO_MS);
