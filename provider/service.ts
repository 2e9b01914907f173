// What Terraform asks of the provider, answered from resources and data sources.
import { Api, settingsFrom } from "./api.ts";
import { dataSources } from "./data/sources.ts";
import { planChange, withoutUnknowns } from "./plan.ts";
import { type Resource, Unfinished } from "./resource.ts";
import { resources } from "./resources/index.ts";
import { dataSourceSchemas, encodeSchema, fillIn, providerSchema, resourceSchemas, type Schema } from "./schema.ts";
import { type Attributes, type DynamicValue, decodeAttributes, encodeAttributes } from "./value.ts";

interface Request {
  readonly type_name: string;
  readonly [name: string]: unknown;
}

type Answer = Record<string, unknown>;
export type ProviderMethods = Readonly<Record<string, (request: Request) => Promise<Answer>>>;

/** The methods of the service, by name. An error of a method becomes a diagnostic of its answer. */
export function providerMethods(
  environment: Readonly<Record<string, string | undefined>>,
  stopped: AbortController,
): ProviderMethods {
  let api: Api | undefined;
  const configured = (): Api => {
    if (api === undefined) throw new Error("the provider was not configured");
    return api;
  };
  const methods: ProviderMethods = {
    async GetSchema() {
      return {
        provider: encodeSchema(providerSchema),
        resource_schemas: mapValues(resourceSchemas, encodeSchema),
        data_source_schemas: mapValues(dataSourceSchemas, encodeSchema),
      };
    },
    async PrepareProviderConfig({ config }) {
      return { prepared_config: config };
    },
    async ValidateResourceTypeConfig() {
      return {};
    },
    async ValidateDataSourceConfig() {
      return {};
    },
    async UpgradeResourceState({ type_name, raw_state }) {
      const { block } = schemaOf(resourceSchemas, type_name);
      const state = decodeAttributes(raw_state as DynamicValue);
      return { upgraded_state: encodeAttributes(state === null ? null : fillIn(block, state)) };
    },
    async Configure({ terraform_version, config }) {
      const given = decodeAttributes(config as DynamicValue) ?? {};
      api = new Api(settingsFrom(environment, given, String(terraform_version)), stopped.signal);
      return {};
    },
    async ReadResource({ type_name, current_state, private: opaque }) {
      const { block } = schemaOf(resourceSchemas, type_name);
      const state = await resourceOf(type_name).read(
        configured(),
        decodeAttributes(current_state as DynamicValue) ?? {},
      );
      return { new_state: encodeAttributes(state === null ? null : fillIn(block, state)), private: opaque };
    },
    async PlanResourceChange(request) {
      const schema = schemaOf(resourceSchemas, request.type_name);
      const of = (name: string) => decodeAttributes(request[name] as DynamicValue);
      const resource = resourceOf(request.type_name);
      const change = planChange(schema, resource, of("prior_state"), of("proposed_new_state"), of("config"));
      return {
        planned_state: encodeAttributes(change.planned),
        requires_replace: change.replace.map((name) => ({ steps: [{ attribute_name: name }] })),
        planned_private: request["prior_private"],
        legacy_type_system: true,
      };
    },
    async ApplyResourceChange(request) {
      const of = (name: string) => decodeAttributes(request[name] as DynamicValue);
      const { block } = schemaOf(resourceSchemas, request.type_name);
      const answer = (state: Attributes | null): Answer => ({
        new_state: encodeAttributes(state === null ? null : fillIn(block, withoutUnknowns(state))),
        private: request["planned_private"],
        legacy_type_system: true,
      });
      const prior = of("prior_state");
      try {
        return answer(
          await apply(resourceOf(request.type_name), configured(), prior, of("planned_state"), of("config") ?? {}),
        );
      } catch (error) {
        // What exists, exists: Terraform has to know it, or it is made a second time.
        const left = error instanceof Unfinished ? error.state : prior;
        return { ...answer(left), diagnostics: [diagnosticOf(error)] };
      }
    },
    async ImportResourceState({ type_name, id }) {
      const { block } = schemaOf(resourceSchemas, type_name);
      const state = encodeAttributes(fillIn(block, resourceOf(type_name).imported(String(id))));
      return { imported_resources: [{ type_name, state }] };
    },
    async ReadDataSource({ type_name, config }) {
      const { block } = schemaOf(dataSourceSchemas, type_name);
      const source = dataSources[type_name];
      if (source === undefined) throw new Error(`no data source ${type_name}`);
      const given = decodeAttributes(config as DynamicValue) ?? {};
      return { state: encodeAttributes(fillIn(block, { ...given, ...(await source.read(configured(), given)) })) };
    },
    async Stop() {
      stopped.abort(new Error("Terraform asked to stop"));
      return {};
    },
  };
  return mapValues(methods, (method) => async (request: Request) => {
    try {
      return await method(request);
    } catch (error) {
      return { diagnostics: [diagnosticOf(error)] };
    }
  });
}

async function apply(
  resource: Resource,
  api: Api,
  prior: Attributes | null,
  planned: Attributes | null,
  config: Attributes,
): Promise<Attributes | null> {
  if (planned === null) {
    if (prior !== null) await resource.delete(api, prior);
    return null;
  }
  if (prior === null) return await resource.create(api, planned, config);
  if (resource.update === undefined) throw new Error("it cannot be changed in place");
  return await resource.update(api, prior, planned);
}

function resourceOf(type: string): Resource {
  const resource = resources[type];
  if (resource === undefined) throw new Error(`no resource ${type}`);
  return resource;
}

function schemaOf(schemas: Readonly<Record<string, Schema>>, type: string): Schema {
  const schema = schemas[type];
  if (schema === undefined) throw new Error(`no schema of ${type}`);
  return schema;
}

function diagnosticOf(error: unknown): object {
  return { severity: 1, summary: error instanceof Error ? error.message : String(error) };
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
