// What every backend of this folder needs beside its streams.

// serve listens at the address in ADDRESS and says where. It ends with the
// test, at the latest: then its standard input is closed. Nothing is done about
// SIGTERM, as in most programs of this size.
export function serve(app) {
  const [host, port] = process.env.ADDRESS.split(':');
  const server = app.listen(Number(port), host, (error) => {
    if (error) {
      console.error(error.message);
      process.exit(1);
    }
    console.log(`listening on http://${host}:${server.address().port}`);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

// Topics keeps a set of streams for each topic.
export class Topics {
  #streams = new Map();

  add(topic, stream) {
    if (!this.#streams.has(topic)) {
      this.#streams.set(topic, new Set());
    }
    this.#streams.get(topic).add(stream);
  }

  remove(topic, stream) {
    const streams = this.#streams.get(topic);
    if (streams?.delete(stream) && streams.size === 0) {
      this.#streams.delete(topic);
    }
  }

  of(topic) {
    return [...(this.#streams.get(topic) ?? [])];
  }
}
