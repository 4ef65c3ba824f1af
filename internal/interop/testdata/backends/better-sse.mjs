// Event streams by better-sse: a session for each request, a channel for each
// topic, every option as it comes but for the time between heartbeats, which
// the tests make shorter: KEEP_ALIVE, in milliseconds. With ENCODING=text data
// is written as it is in place of the library's JSON.
import { createChannel, createSession } from 'better-sse';
import express from 'express';
import { serve } from './serve.mjs';

const app = express();
const options = { keepAlive: Number(process.env.KEEP_ALIVE) };
if (process.env.ENCODING === 'text') {
  options.serializer = (data) => data;
}
const channels = new Map();

function channelOf(topic) {
  if (!channels.has(topic)) {
    channels.set(topic, createChannel());
  }
  return channels.get(topic);
}

app.get('/events', async (req, res) => {
  channelOf(req.query.topic).register(await createSession(req, res, options));
});

app.post('/publish', express.json({ limit: '16mb' }), (req, res) => {
  const { topic, data, event, id } = req.body;
  channelOf(topic).broadcast(options.serializer ? data : { data }, event, { eventId: id });
  res.sendStatus(204);
});

serve(app);
