// Reads events until one of a type, each by the library of the CloudEvents project, which holds it against their schema:
// `node events.mjs BASE KEY TYPE`. Prints what it read as JSON.

import { CloudEvent } from "cloudevents";

const [base, key, last] = process.argv.slice(2);
const answer = await fetch(`${base}/v1/events?after=0`, { headers: { authorization: `Bearer ${key}` } });
const read = [];
let text = "";
reading: for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
  text += part;
  const blocks = text.split("\n\n");
  text = blocks.pop();
  for (const block of blocks) {
    const data = block.split("\n").find((line) => line.startsWith("data: "));
    if (data === undefined) continue;
    // Strict: what does not fit the schema is thrown.
    const event = new CloudEvent(JSON.parse(data.slice("data: ".length)), true);
    event.validate();
    read.push({ id: event.id, type: event.type, subject: event.subject, source: event.source, time: event.time });
    if (event.type === last) break reading;
  }
}
console.log(JSON.stringify(read));
process.exit(0);
