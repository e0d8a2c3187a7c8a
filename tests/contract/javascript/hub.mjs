// The event hub.

import { Event } from "@ftrack/api";
import { hear, open, run, say } from "./scenario.mjs";

const scenarios = {
  async publish({ topic, others }) {
    const { eventHub } = await open({ autoConnectEventHub: true });
    const heard = [];
    const own = new Promise((resolve) => {
      eventHub.subscribe(`topic=${others}*`, (event) => {
        heard.push(event);
        if (event.topic === topic) resolve();
      });
    });
    const id = await eventHub.publish(new Event(topic, { nested: { list: [1, "two", null] } }));
    await own;
    return { id, heard };
  },

  async ask({ topic, again }) {
    const { eventHub } = await open({ autoConnectEventHub: true });
    const first = await eventHub.publishAndWaitForReply(new Event(topic, { question: 1 }), { timeout: 20 });
    const second = await eventHub.publishAndWaitForReply(new Event(again, { question: 2 }), { timeout: 20 });
    return { first, second };
  },

  async answer({ topic }) {
    const { eventHub } = await open({ autoConnectEventHub: true });
    const asked = new Promise((resolve) => {
      eventHub.subscribe(`topic=${topic}`, (event) => {
        resolve(event);
        return { answer: event.data.question + 1 };
      });
    });
    say("subscribed");
    const event = await asked;
    await hear();
    return event;
  },

  async update({ task, clientToken, pushToken }) {
    const session = await open({ autoConnectEventHub: true, clientToken });
    const told = new Promise((resolve) => {
      session.eventHub.subscribe("topic=ftrack.update", (event) => {
        if (event.data.clientToken === clientToken) resolve(event);
      });
    });
    await new Promise((resolve) => session.eventHub._runWhenConnected(resolve));
    say("subscribed");
    await hear();
    await session.update("Task", [task], { description: "told" }, { pushToken });
    return told;
  },

  async reconnect({ topic }) {
    const { eventHub } = await open({ autoConnectEventHub: true });
    const heard = [];
    const last = new Promise((resolve) => {
      eventHub.subscribe(`topic=${topic}`, (event) => {
        heard.push(event.data);
        say(event.data);
        if (event.data === "last") resolve();
      });
    });
    await new Promise((resolve) => eventHub._runWhenConnected(resolve));
    const { websocket } = eventHub._socketIo.socket.transport;
    const closed = new Promise((resolve) => websocket.addEventListener("close", resolve));
    say("subscribed");
    await hear();
    // What is sent before the client knows of its loss is lost; what is published after it waits.
    await closed;
    await eventHub.publish(new Event(topic, "from the client"));
    await last;
    return heard;
  },
};

run(scenarios);
