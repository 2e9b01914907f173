// The messages of Terraform's plugin protocol 5.3 that are used here, as protobufjs reads them (docs/plugin-protocol of Terraform).
type Field = { readonly type: string; readonly id: number; readonly rule?: "repeated"; readonly keyType?: "string" };

const field = (id: number, type: string): Field => ({ type, id });
const list = (id: number, type: string): Field => ({ type, id, rule: "repeated" });
const map = (id: number, type: string): Field => ({ type, id, keyType: "string" });
const message = (fields: Readonly<Record<string, Field>>, nested: object = {}) => ({ fields, nested });
const call = (
  request: Readonly<Record<string, Field>>,
  response: Readonly<Record<string, Field>>,
  nested: object = {},
) => message({}, { Request: message(request), Response: message(response), ...nested });
const method = (type: string) => ({ requestType: `${type}.Request`, responseType: `${type}.Response` });

const stringKind = field(0, "StringKind");
const diagnostics = (id: number): Field => list(id, "Diagnostic");

/** Both services that Terraform calls: the provider itself, and the shutdown of HashiCorp's plugin frame. */
export const pluginDefinition = {
  nested: {
    tfplugin5: {
      nested: {
        DynamicValue: message({ msgpack: field(1, "bytes"), json: field(2, "bytes") }),
        Diagnostic: {
          ...message(
            {
              severity: field(1, "Severity"),
              summary: field(2, "string"),
              detail: field(3, "string"),
              attribute: field(4, "AttributePath"),
            },
            { Severity: { values: { INVALID: 0, ERROR: 1, WARNING: 2 } } },
          ),
        },
        AttributePath: message(
          { steps: list(1, "Step") },
          {
            Step: {
              oneofs: { selector: { oneof: ["attribute_name", "element_key_string", "element_key_int"] } },
              fields: {
                attribute_name: field(1, "string"),
                element_key_string: field(2, "string"),
                element_key_int: field(3, "int64"),
              },
            },
          },
        ),
        StringKind: { values: { PLAIN: 0, MARKDOWN: 1 } },
        RawState: message({ json: field(1, "bytes"), flatmap: map(2, "string") }),
        Schema: message(
          { version: field(1, "int64"), block: field(2, "Block") },
          {
            Block: message({
              version: field(1, "int64"),
              attributes: list(2, "Attribute"),
              block_types: list(3, "NestedBlock"),
              description: field(4, "string"),
              description_kind: { ...stringKind, id: 5 },
              deprecated: field(6, "bool"),
            }),
            Attribute: message({
              name: field(1, "string"),
              type: field(2, "bytes"),
              description: field(3, "string"),
              required: field(4, "bool"),
              optional: field(5, "bool"),
              computed: field(6, "bool"),
              sensitive: field(7, "bool"),
              description_kind: { ...stringKind, id: 8 },
              deprecated: field(9, "bool"),
            }),
            NestedBlock: message(
              {
                type_name: field(1, "string"),
                block: field(2, "Block"),
                nesting: field(3, "NestingMode"),
                min_items: field(4, "int64"),
                max_items: field(5, "int64"),
              },
              { NestingMode: { values: { INVALID: 0, SINGLE: 1, LIST: 2, SET: 3, MAP: 4, GROUP: 5 } } },
            ),
          },
        ),
        GetProviderSchema: call(
          {},
          {
            provider: field(1, "Schema"),
            resource_schemas: map(2, "Schema"),
            data_source_schemas: map(3, "Schema"),
            diagnostics: diagnostics(4),
          },
        ),
        PrepareProviderConfig: call(
          { config: field(1, "DynamicValue") },
          { prepared_config: field(1, "DynamicValue"), diagnostics: diagnostics(2) },
        ),
        UpgradeResourceState: call(
          { type_name: field(1, "string"), version: field(2, "int64"), raw_state: field(3, "RawState") },
          { upgraded_state: field(1, "DynamicValue"), diagnostics: diagnostics(2) },
        ),
        ValidateResourceTypeConfig: call(
          { type_name: field(1, "string"), config: field(2, "DynamicValue") },
          { diagnostics: diagnostics(1) },
        ),
        ValidateDataSourceConfig: call(
          { type_name: field(1, "string"), config: field(2, "DynamicValue") },
          { diagnostics: diagnostics(1) },
        ),
        Configure: call(
          { terraform_version: field(1, "string"), config: field(2, "DynamicValue") },
          { diagnostics: diagnostics(1) },
        ),
        ReadResource: call(
          { type_name: field(1, "string"), current_state: field(2, "DynamicValue"), private: field(3, "bytes") },
          { new_state: field(1, "DynamicValue"), diagnostics: diagnostics(2), private: field(3, "bytes") },
        ),
        PlanResourceChange: call(
          {
            type_name: field(1, "string"),
            prior_state: field(2, "DynamicValue"),
            proposed_new_state: field(3, "DynamicValue"),
            config: field(4, "DynamicValue"),
            prior_private: field(5, "bytes"),
          },
          {
            planned_state: field(1, "DynamicValue"),
            requires_replace: list(2, "AttributePath"),
            planned_private: field(3, "bytes"),
            diagnostics: diagnostics(4),
            legacy_type_system: field(5, "bool"),
          },
        ),
        ApplyResourceChange: call(
          {
            type_name: field(1, "string"),
            prior_state: field(2, "DynamicValue"),
            planned_state: field(3, "DynamicValue"),
            config: field(4, "DynamicValue"),
            planned_private: field(5, "bytes"),
          },
          {
            new_state: field(1, "DynamicValue"),
            private: field(2, "bytes"),
            diagnostics: diagnostics(3),
            legacy_type_system: field(4, "bool"),
          },
        ),
        ImportResourceState: call(
          { type_name: field(1, "string"), id: field(2, "string") },
          { imported_resources: list(1, "ImportedResource"), diagnostics: diagnostics(2) },
          {
            ImportedResource: message({
              type_name: field(1, "string"),
              state: field(2, "DynamicValue"),
              private: field(3, "bytes"),
            }),
          },
        ),
        ReadDataSource: call(
          { type_name: field(1, "string"), config: field(2, "DynamicValue") },
          { state: field(1, "DynamicValue"), diagnostics: diagnostics(2) },
        ),
        Stop: call({}, { Error: field(1, "string") }),
        Provider: {
          methods: {
            GetSchema: method("GetProviderSchema"),
            PrepareProviderConfig: method("PrepareProviderConfig"),
            ValidateResourceTypeConfig: method("ValidateResourceTypeConfig"),
            ValidateDataSourceConfig: method("ValidateDataSourceConfig"),
            UpgradeResourceState: method("UpgradeResourceState"),
            Configure: method("Configure"),
            ReadResource: method("ReadResource"),
            PlanResourceChange: method("PlanResourceChange"),
            ApplyResourceChange: method("ApplyResourceChange"),
            ImportResourceState: method("ImportResourceState"),
            ReadDataSource: method("ReadDataSource"),
            Stop: method("Stop"),
          },
        },
      },
    },
    plugin: {
      nested: {
        Empty: message({}),
        GRPCController: { methods: { Shutdown: { requestType: "Empty", responseType: "Empty" } } },
      },
    },
  },
} as const;
