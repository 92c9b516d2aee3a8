// The worker that makes the pictures and sends them. The server asks for each, so nothing queues and no timer
// drives it: browsers slow timers down in tabs that nobody sees.

const STILL = 150; // milliseconds without a new frame after which the last one is sent again: a window that stands still
const SILENCE = 7000; // milliseconds; the server says something every two seconds
const RETRY = 1000; // milliseconds between two tries

const page = crypto.randomUUID(); // by which the server knows this page again after a lost line
const canvas = new OffscreenCanvas(2, 2);
const context = canvas.getContext("2d", { alpha: false });
const tell = (type, facts = {}) => postMessage({ ...facts, type });

let reader = null; // of frames; null where the page gives each picture
let pending = null; // a frame that was asked for
let fromPage = null; // called with the picture that the page gives
let jpeg = null; // the last one, and how it was made
let madeAs = "";
let socket = null;
let address = null; // null while nothing is to be sent
let heard = 0;
let sent = []; // moments of the last second's pictures

const onMessage = {
  source({ readable }) {
    reader?.cancel().catch(() => {});
    reader = readable ? readable.getReader() : null;
    pending = jpeg = null;
  },
  start({ address: to, takeOver }) {
    address = new URL(to);
    address.searchParams.set("page", page);
    connect(takeOver);
  },
  stop: () => giveUp("stopped"),
  bitmap({ bitmap }) {
    fromPage?.(bitmap);
  },
};
onmessage = ({ data }) => onMessage[data.type](data);

const onWord = {
  ask: async (wish, asked) => {
    const picture = await encode(wish);
    if (!picture || asked !== socket) return;
    asked.send(picture);
    const now = performance.now();
    sent = [...sent.filter((moment) => now - moment < 1000), now];
    tell("sending", { fps: sent.length, width: canvas.width, height: canvas.height });
  },
  wait: (said) => performance.now() - (sent.at(-1) ?? -Infinity) > 1000 && tell("waiting", said),
  taken: (said) => giveUp("taken", said),
  over: (said) => giveUp("over", said),
  refused: (said) => giveUp("refused", said),
};

function giveUp(type, said) {
  address = null;
  socket?.close(1000);
  socket = null;
  tell(type, said);
}

function connect(takeOver = false) {
  heard = performance.now();
  const to = new URL(address);
  if (takeOver) to.searchParams.set("take-over", "yes");
  const opened = new WebSocket(to);
  socket = opened;
  opened.onmessage = ({ data }) => {
    heard = performance.now();
    const said = JSON.parse(data);
    if (opened === socket) onWord[said.type](said, opened);
  };
  opened.onclose = () => opened === socket && retry();
}

// A line that is dead says nothing: it is left, and another one opened.
function retry() {
  const before = socket;
  socket = null;
  before.close();
  tell("lost");
  setTimeout(() => address && !socket && connect(), RETRY);
}

setInterval(() => socket && performance.now() - heard > SILENCE && retry(), 1000);

// A JPEG of the newest frame, at most `width` wide; the last one again while nothing moves.
async function encode({ width, quality }) {
  const frame = reader ? await newestFrame() : await pictureOfPage();
  const as = `${width} ${quality}`;
  if (!frame && jpeg && madeAs === as) return jpeg;
  if (frame) draw(frame, width);
  else if (!jpeg) return null;
  madeAs = as;
  jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return jpeg;
}

function draw(frame, width) {
  const [wide, high] = [frame.displayWidth || frame.width, frame.displayHeight || frame.height];
  const scale = Math.min(1, width / wide);
  const size = [Math.round(wide * scale), Math.round(high * scale)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  context.imageSmoothingQuality = "high";
  context.drawImage(frame, 0, 0, ...size);
  frame.close();
}

// The newest frame, or null where none comes in time: of a window that stands still there are no new ones.
async function newestFrame() {
  const from = reader;
  pending ??= from.read();
  const waiting = pending;
  const late = jpeg ? new Promise((resolve) => setTimeout(resolve, STILL)) : new Promise(() => {});
  const got = await Promise.race([waiting, late]);
  if (!got || from !== reader) return null;
  pending = null;
  return got.value || null;
}

function pictureOfPage() {
  tell("grab");
  return new Promise((resolve) => (fromPage = resolve));
}
