// Opens an event stream with event-source-polyfill and writes what happens as
// JSON lines to the standard output. It ends with an event named "bye", and
// when the polyfill gives up.
import { createRequire } from "node:module";
import path from "node:path";

// The package is installed beside the copy of this file that is run.
const require = createRequire(path.join(process.cwd(), "client.mjs"));
const { EventSourcePolyfill } = require("event-source-polyfill");

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const source = new EventSourcePolyfill(process.env.STREAM_URL, {
  headers: { Authorization: `Bearer ${process.env.STREAM_TOKEN}` },
});

source.addEventListener("open", (event) => say({ what: "open", status: event.status }));

for (const type of ["message", "order"]) {
  source.addEventListener(type, (event) =>
    say({ what: "event", type: event.type, data: event.data, id: event.lastEventId }));
}

source.addEventListener("bye", () => {
  source.close();
  say({ what: "bye" });
});

source.addEventListener("error", (event) => {
  const closed = source.readyState === EventSourcePolyfill.CLOSED;
  say({ what: closed ? "closed" : "reconnecting", status: event.status });
});
