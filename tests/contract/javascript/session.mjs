// What the client does with entities.

import { expression, projectSchema } from "@ftrack/api";
import { failure, open, run } from "./scenario.mjs";

const scenarios = {
  async start({ values }) {
    const session = await open({ serverInformationValues: values });
    return {
      information: session.serverInformation,
      version: await session.getServerVersion(),
      schemas: (await session.getSchemas()).map((each) => each.id),
      task: session.getPrimaryKeyAttributes("Task"),
      metadata: session.getPrimaryKeyAttributes("Metadata"),
    };
  },

  async wrongKey() {
    return failure(open({}, "wrong"));
  },

  async query({ text, options }) {
    const session = await open();
    const response = await session.query(text, options);
    return { response: withoutCircles(response), shared: sharedObjects(response.data) };
  },

  async write({ parent, moment }) {
    const session = await open();
    const data = { name: "comp", parent_id: parent, start_date: new Date(moment), end_date: moment };
    const created = await session.create("Task", data);
    const id = created.data.id;
    const updated = await session.update("Task", id, { description: "by a bare key" });
    await session.update("Task", [id], { bid: 3600, parent: { __entity_type__: "Folder", id: parent } });
    const read = `select name, description, bid, start_date, end_date from Task where id is ${id}`;
    const [task] = (await session.query(read)).data;
    const iso = (await session.query(read, { decodeDatesAsIso: true })).data[0];
    const deleted = await session.delete("Task", [id]);
    return {
      created,
      updated,
      task: { ...task, start_date: task.start_date.utc().toISOString(), utc: task.start_date.isUTC() },
      iso,
      deleted,
      left: (await session.query(`Task where id is ${id}`)).data,
    };
  },

  async errors({ task, user }) {
    const session = await open();
    return {
      parse: await failure(session.query("select nonsense from Task")),
      value: await failure(session.update("Task", [task], { bid: "many" })),
      missing: await failure(session.delete("Task", "nowhere")),
      operation: await failure(session.call([{ action: "compute_rollups" }])),
      permission: await failure(session.create("User", { username: user })),
      strict: await failure((await open({ strictApi: true })).query("select nonsense from Task")),
    };
  },

  async ensure({ parent }) {
    const session = await open();
    const made = await session.ensure("Folder", { name: "ensured", parent_id: parent, thumbnail_id: null });
    const same = await session.ensure("Folder", { name: "ensured", parent_id: parent });
    const changed = await session.ensure("Folder", { name: "ensured", parent_id: parent, description: "new" }, [
      "name",
      "parent_id",
    ]);
    const { data } = await session.query(`select name, description from Folder where parent_id is ${parent}`);
    return { made: made.id, same: same.id, changed: changed.id, data };
  },

  async search({ parent, objectType }) {
    const session = await open();
    const found = (options) => session.search({ expression: "select name from TypedContext", ...options });
    const names = async (options) =>
      (await found({ entityType: "TypedContext", ...options })).data.map((each) => each.name).sort();
    return {
      whole: await found({ entityType: "TypedContext", terms: ["SLOPE"], contextId: parent }),
      below: await names({ contextId: parent }),
      typed: await names({ contextId: parent, objectTypeIds: [objectType] }),
      wrong: await failure(found({ entityType: "Task", terms: ["x"] })),
    };
  },

  async quotes({ parent, name }) {
    const session = await open();
    await session.create("Folder", { name, parent_id: parent });
    const text = expression`select name from Folder where name is "${name}" and parent_id is "${parent}"`;
    return (await session.query(text)).data.map((each) => each.name);
  },

  async statuses({ schemas, type }) {
    const session = await open();
    const found = {};
    for (const id of schemas) {
      found[id] = {};
      for (const [label, args] of Object.entries({
        Task: ["Task"],
        typed: ["Task", type],
        AssetVersion: ["AssetVersion"],
        Shot: ["Shot"],
      })) {
        const statuses = await projectSchema.getStatuses(session, id, ...args);
        found[id][label] = statuses.map((each) => each.name);
      }
    }
    return found;
  },
};

/** Which objects occur at several places of a reply, by type. */
function sharedObjects(data) {
  const seen = new Set();
  const shared = new Set();
  const visit = (value) => {
    if (!value || typeof value !== "object" || value._isAMomentObject) return;
    if (seen.has(value)) {
      if (value.__entity_type__) shared.add(value.__entity_type__);
      return;
    }
    seen.add(value);
    Object.values(value).forEach(visit);
  };
  visit(data);
  return [...shared].sort();
}

function withoutCircles(value, above = []) {
  if (!value || typeof value !== "object" || value._isAMomentObject) return value;
  if (above.includes(value)) return "circle";
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((each) => withoutCircles(each, inside));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutCircles(each, inside)]));
}

run(scenarios);
