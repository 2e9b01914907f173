// digitalocean_project_resources: what belongs to a project.
import type { Api, JsonObject } from "../api.ts";
import { type Resource, stringsOf, textOf } from "../resource.ts";
import type { Attributes } from "../value.ts";

export const projectResources: Resource = {
  forceNew: ["project"],
  async create(api, planned) {
    const project = textOf(planned["project"]);
    await assign(api, project, stringsOf(planned["resources"]));
    return { ...planned, id: project };
  },
  async read(api, state) {
    const project = textOf(state["id"]);
    if ((await api.find(`/v2/projects/${project}`)) === undefined) return null;
    const urns = (await api.list(`/v2/projects/${project}/resources`, "resources")).map((one) => textOf(one["urn"]));
    const own = new Set(stringsOf(state["resources"]));
    return { ...state, resources: urns.filter((urn) => own.has(urn)) };
  },
  async update(api, prior, planned) {
    const before = new Set(stringsOf(prior["resources"]));
    const after = new Set(stringsOf(planned["resources"]));
    await giveBack(api, [...before.difference(after)]);
    await assign(api, textOf(planned["project"]), [...after]);
    return planned;
  },
  async delete(api, state) {
    await giveBack(api, stringsOf(state["resources"]));
  },
  imported: (id): Attributes => ({ id }),
};

async function assign(api: Api, project: string, resources: readonly string[]): Promise<void> {
  if (resources.length > 0) await api.post(`/v2/projects/${project}/resources`, { resources });
}

/** Nothing is without a project: what leaves one goes to the default one. */
async function giveBack(api: Api, resources: readonly string[]): Promise<void> {
  if (resources.length === 0) return;
  const { project } = await api.get("/v2/projects/default");
  await assign(api, textOf((project as JsonObject)["id"]), resources);
}
