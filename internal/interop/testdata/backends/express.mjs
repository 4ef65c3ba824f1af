// Event streams with Express and nothing else, as tutorials show them: the head
// is flushed, the response is kept, and events are written as template
// literals. With ENCODING=json the data is written by JSON.stringify, and else
// as it is.
import express from 'express';
import { serve, Topics } from './serve.mjs';

const app = express();
const topics = new Topics();
const json = process.env.ENCODING === 'json';

app.get('/events', (req, res) => {
  res.set({
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    Connection: 'keep-alive',
  });
  res.flushHeaders();
  const topic = req.query.topic;
  topics.add(topic, res);
  req.on('close', () => topics.remove(topic, res));
});

app.post('/publish', express.json({ limit: '16mb' }), (req, res) => {
  const { topic, data, event, id } = req.body;
  for (const client of topics.of(topic)) {
    if (id !== undefined) client.write(`id: ${id}\n`);
    if (event !== undefined) client.write(`event: ${event}\n`);
    client.write(`data: ${json ? JSON.stringify({ data }) : data}\n\n`);
  }
  res.sendStatus(204);
});

app.post('/finish', (req, res) => {
  for (const client of topics.of(req.query.topic)) {
    client.end();
  }
  res.sendStatus(204);
});

serve(app);
