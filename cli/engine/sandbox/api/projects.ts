// /v2/projects: everything belongs to one, to the default one at first.
import { z } from "zod";
import type { ProjectRecord } from "../state.ts";
import { defaultProject } from "./droplets.ts";
import { ApiRefusal, bare, type Call, conflict, notFound, page, type Route, route } from "./route.ts";
import { nothing, pageSchema } from "./schemas.ts";

const bodySchema = z.object({
  name: z.string().min(1).max(175),
  description: z.string().max(255).default(""),
  purpose: z.string().min(1).max(255).default("Web Application"),
  environment: z.string().max(32).default(""),
});

const projectSchema = z.strictObject({
  id: z.uuid(),
  owner_uuid: z.string(),
  owner_id: z.int(),
  name: z.string(),
  description: z.string(),
  purpose: z.string(),
  environment: z.string(),
  is_default: z.boolean(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
const projectAnswer = z.strictObject({ project: projectSchema });
const resourceSchema = z.strictObject({
  urn: z.string(),
  assigned_at: z.iso.datetime(),
  status: z.enum(["ok", "not_found", "assigned", "already_assigned"]),
});

/** By id, or the default one. */
function find(call: Call): ProjectRecord {
  const wanted = call.params["id"];
  const project = wanted === "default" ? defaultProject(call.cloud) : call.cloud.projects[wanted ?? ""];
  if (project === undefined) throw notFound();
  return project;
}

function render({ urns: _, ...project }: ProjectRecord): z.output<typeof projectSchema> {
  return { ...project, owner_uuid: "sandbox", owner_id: 1 };
}

const renderUrn = (project: ProjectRecord) => (urn: string) => ({ urn, assigned_at: project.updated_at, status: "ok" });

export const projectRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/projects",
    request: bodySchema,
    response: projectAnswer,
    answer(call, body) {
      if (Object.values(call.cloud.projects).some(({ name }) => name === body.name))
        throw conflict("name is already in use");
      const id = call.uuid();
      const project: ProjectRecord = {
        id,
        ...body,
        is_default: false,
        created_at: call.now,
        updated_at: call.now,
        urns: [],
      };
      call.cloud.projects[id] = project;
      return { status: 201, body: { project: render(project) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/projects",
    response: pageSchema("projects", projectSchema),
    answer: (call) => page(call, "projects", Object.values(call.cloud.projects).map(render), "/v2/projects"),
  }),
  bare({
    method: "GET",
    path: "/v2/projects/:id",
    response: projectAnswer,
    answer: (call) => ({ status: 200, body: { project: render(find(call)) } }),
  }),
  route({
    method: "PATCH",
    path: "/v2/projects/:id",
    request: bodySchema.partial().extend({ is_default: z.boolean().optional() }),
    response: projectAnswer,
    answer(call, body) {
      if (body.is_default === true) for (const one of Object.values(call.cloud.projects)) one.is_default = false;
      const project = Object.assign(find(call), body, { updated_at: call.now });
      return { status: 200, body: { project: render(project) } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/projects/:id",
    response: nothing,
    answer(call) {
      const project = find(call);
      if (project.is_default) throw new ApiRefusal(412, "precondition_failed", "cannot delete the default project");
      if (project.urns.length > 0)
        throw new ApiRefusal(
          412,
          "precondition_failed",
          "cannot delete a project with resources. move or remove the resources first",
        );
      delete call.cloud.projects[project.id];
      return { status: 204 };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/projects/:id/resources",
    response: pageSchema("resources", resourceSchema),
    answer(call) {
      const project = find(call);
      return page(call, "resources", project.urns.map(renderUrn(project)), `/v2/projects/${project.id}/resources`);
    },
  }),
  route({
    method: "POST",
    path: "/v2/projects/:id/resources",
    request: z.object({ resources: z.array(z.string().regex(/^do:[a-z]+:\S+$/)).max(100) }),
    response: z.strictObject({ resources: z.array(resourceSchema) }),
    answer(call, { resources }) {
      const project = find(call);
      const answers = resources.map((urn) => {
        const owner = Object.values(call.cloud.projects).find(({ urns }) => urns.includes(urn));
        // The service answers for each one by itself: what is gone does not keep the others from moving.
        if (owner === undefined) return { urn, assigned_at: call.now, status: "not_found" };
        owner.urns = owner.urns.filter((one) => one !== urn);
        project.urns.push(urn);
        return { urn, assigned_at: call.now, status: owner === project ? "already_assigned" : "assigned" };
      });
      return { status: 200, body: { resources: answers } };
    },
  }),
];
