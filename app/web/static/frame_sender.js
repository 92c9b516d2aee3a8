// The worker that makes and sends the pictures. The server asks for each one, so nothing queues and no timer sets
// the pace: browsers slow down the timers of hidden tabs.

const STILL_MS = 150; // without a new frame for this long, the last one is sent again: the window has not changed
const SILENCE_MS = 7000; // the server sends something every two seconds
const RETRY_MS = 1000; // between attempts to connect

const page = crypto.randomUUID(); // tells the server after a lost connection that this is the same page
const canvas = new OffscreenCanvas(2, 2);
const context = canvas.getContext("2d", { alpha: false });
const tellPage = (type, facts = {}) => postMessage({ ...facts, type });

let reader = null; // of frames; null if the page gives each picture
let pendingFrame = null; // the promise of the reader's next frame
let resolveBitmap = null; // takes the picture that the page gives
let jpeg = null; // the last one
let jpegFormat = ""; // the width and quality of the last one
let socket = null;
let address = null; // null while nothing is to be sent
let heardAt = 0;
let sentAt = []; // when the pictures of the last second were sent

const onPageMessage = {
  source({ readable }) {
    reader?.cancel().catch(() => {});
    reader = readable ? readable.getReader() : null;
    pendingFrame = jpeg = null;
  },
  start({ address: url, takeOver }) {
    address = new URL(url);
    address.searchParams.set("page", page);
    connect(takeOver);
  },
  stop: () => disconnect("stopped"),
  bitmap({ bitmap }) {
    resolveBitmap?.(bitmap);
  },
};
onmessage = ({ data }) => onPageMessage[data.type](data);

const onServerMessage = {
  ask: async (format, asker) => {
    const picture = await encode(format);
    if (!picture || asker !== socket) return;
    asker.send(picture);
    const now = performance.now();
    sentAt = [...sentAt.filter((moment) => now - moment < 1000), now];
    tellPage("sending", { fps: sentAt.length, width: canvas.width, height: canvas.height });
  },
  wait: (message) => performance.now() - (sentAt.at(-1) ?? -Infinity) > 1000 && tellPage("waiting", message),
  taken: (message) => disconnect("taken", message),
  over: (message) => disconnect("over", message),
  refused: (message) => disconnect("refused", message),
};

function disconnect(type, facts) {
  address = null;
  socket?.close(1000);
  socket = null;
  tellPage(type, facts);
}

function connect(takeOver = false) {
  heardAt = performance.now();
  const url = new URL(address);
  if (takeOver) url.searchParams.set("take-over", "yes");
  const opened = new WebSocket(url);
  socket = opened;
  opened.onmessage = ({ data }) => {
    heardAt = performance.now();
    const message = JSON.parse(data);
    if (opened === socket) onServerMessage[message.type](message, opened);
  };
  opened.onclose = () => opened === socket && retry();
}

// Replaces a dead connection. A dead one may never report that it has closed.
function retry() {
  const dead = socket;
  socket = null;
  dead.close();
  tellPage("lost");
  setTimeout(() => address && !socket && connect(), RETRY_MS);
}

setInterval(() => socket && performance.now() - heardAt > SILENCE_MS && retry(), 1000);

// A JPEG of the newest frame, at most `width` wide; the last JPEG again while nothing moves.
async function encode({ width, quality }) {
  const frame = reader ? await newestFrame() : await bitmapFromPage();
  const format = `${width} ${quality}`;
  if (!frame && jpeg && jpegFormat === format) return jpeg;
  if (frame) draw(frame, width);
  else if (!jpeg) return null;
  jpegFormat = format;
  jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return jpeg;
}

function draw(frame, width) {
  const [frameWidth, frameHeight] = [frame.displayWidth || frame.width, frame.displayHeight || frame.height];
  const scale = Math.min(1, width / frameWidth);
  const size = [Math.round(frameWidth * scale), Math.round(frameHeight * scale)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  context.imageSmoothingQuality = "high";
  context.drawImage(frame, 0, 0, ...size);
  frame.close();
}

// The newest frame; null if none comes in time, since a window that does not change gives no new frames.
async function newestFrame() {
  const source = reader;
  pendingFrame ??= source.read();
  const awaited = pendingFrame;
  const late = jpeg ? new Promise((resolve) => setTimeout(resolve, STILL_MS)) : new Promise(() => {});
  const result = await Promise.race([awaited, late]);
  if (!result || source !== reader) return null;
  pendingFrame = null;
  return result.value || null;
}

function bitmapFromPage() {
  tellPage("grab");
  return new Promise((resolve) => (resolveBitmap = resolve));
}
