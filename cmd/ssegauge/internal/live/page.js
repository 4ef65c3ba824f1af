
"use strict";
const connection = document.getElementById("connection");

const say = (text, lost) => {
  connection.textContent = text;
  connection.className = lost ? "lost" : "";
};

// Only what differs is replaced, so that nothing moves or loses its selection
// without need.
const update = (from, to) => {
  if (from.isEqualNode(to)) return;
  const parts = [...from.children], next = [...to.children];
  const divided = from.matches("main, section, .grid") && parts.length === next.length && parts.every((part, i) => part.nodeName === next[i].nodeName && part.id === next[i].id);
  if (divided) parts.forEach((part, i) => update(part, next[i]));
  else from.replaceWith(to);
};

const show = body => {
  const next = document.createElement("main");
  next.innerHTML = body;
  update(document.querySelector("main"), next);
  document.title = document.querySelector("h1").textContent + " – ssegauge";
};

const stream = new EventSource("/events?lastEventId=" + encodeURIComponent(connection.dataset.id));
stream.onopen = () => say("live");
// Each event has the whole run, so that none depends on those before.
stream.onmessage = event => show(event.data);
stream.addEventListener("end", event => {
  stream.close();
  show(event.data);
  say("the run is over");
});
stream.onerror = () => {
  if (stream.readyState === EventSource.CLOSED) say("the run is over");
  else say("connection lost, trying again", true);
};
