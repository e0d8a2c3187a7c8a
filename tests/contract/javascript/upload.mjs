// Uploads, as a page of another origin does them: jsdom's XMLHttpRequest asks for permission by CORS and hides
// what the answers do not expose.

import { JSDOM } from "jsdom";
import { open, run } from "./scenario.mjs";

const page = new JSDOM("", { url: "https://studio.example/" });
globalThis.window = page.window;

/** Paths that something was put to. */
const put = [];

globalThis.XMLHttpRequest = class extends page.window.XMLHttpRequest {
  open(method, url, ...rest) {
    put.push(new URL(url).pathname);
    super.open(method, url, ...rest);
  }
};

/** A file whose content shows where each of its bytes belongs. */
function file(size, name) {
  const content = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) content[at] = (at * 7 + (at >> 8) * 13) & 255;
  return new page.window.File([content], name);
}

const scenarios = {
  async upload({ size, name, chunk, data, connect }) {
    if (chunk) window.FTRACK_UPLOAD_CHUNK_SIZE = chunk;
    const session = await open();
    if (connect) {
      session.eventHub.connect();
      await new Promise((resolve) => session.eventHub._runWhenConnected(resolve));
    }
    const [component, location] = await session.createComponent(file(size, name), { data });
    // The event of the upload is sent behind the client's back.
    if (connect) await new Promise((resolve) => setImmediate(resolve));
    const id = component.data.id;
    const download = await fetch(session.getComponentUrl(id));
    return {
      component,
      location,
      put,
      size: (await download.arrayBuffer()).byteLength,
      disposition: download.headers.get("content-disposition"),
      thumbnail: (await fetch(session.thumbnailUrl(id, { size: 20 }))).status,
      none: (await fetch(session.thumbnailUrl(null))).headers.get("content-type"),
      missing: (await fetch(session.getComponentUrl("nowhere"))).status,
    };
  },
};

run(scenarios);
